"""Writes ND2 and LIF files as Nikon's and Leica's programs lay them out: two series of two channels and three z planes.

`two_scenes.czi` in `data/` has the same; ZEISS's own libCZI wrote it (pylibCZIrw 6.1.0). Each plane has one value.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

SHAPE = (16, 20)
CZI = Path(__file__).parent / "data" / "two_scenes.czi"


def value(series: int, channel: int, z: int) -> int:
    return 100 * series + 10 * channel + z + 1


def write_lif(path: Path) -> None:
    memory = [np.array([value(s, c, z) for c in (0, 1) for z in (0, 1, 2)], "<u2") for s in (0, 1)]
    pixels = [np.repeat(each, SHAPE[0] * SHAPE[1]).tobytes() for each in memory]
    images = "".join(_lif_image(number, len(each)) for number, each in enumerate(pixels))
    xml = f'<LMSDataContainerHeader Version="2">{_element("plate", "", 0, "top", images)}</LMSDataContainerHeader>'
    blocks = [struct.pack("<BI", 0x2A, len(xml)) + xml.encode("utf-16-le")]
    names = [f"MemBlock_{number}" for number in (0, 1)]
    blocks += [
        struct.pack("<BQBI", 0x2A, len(each), 0x2A, len(name)) + name.encode("utf-16-le")
        for name, each in zip(names, pixels, strict=True)
    ]
    parts = zip(blocks, [b"", *pixels], strict=True)
    path.write_bytes(b"".join(struct.pack("<II", 0x70, len(block)) + block + data for block, data in parts))


def _lif_image(number: int, size: int) -> str:
    height, width = SHAPE
    plane = height * width * 2
    channels = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="16" NameOfMeasuredQuantity="" Min="0" Max="65535"'
        f' Unit="" LUTName="Gray" IsLUTInverted="0" BytesInc="{3 * plane * each}" BitInc="0"/>'
        for each in (0, 1)
    )
    axes = ((1, width, 2), (2, height, 2 * width), (3, 3, plane))
    dimensions = "".join(
        f'<DimensionDescription DimID="{axis}" NumberOfElements="{many}" Origin="0" Length="1" Unit="m" BitInc="0"'
        f' BytesInc="{step}"/>'
        for axis, many, step in axes
    )
    told = f"<Channels>{channels}</Channels><Dimensions>{dimensions}</Dimensions>"
    image = f'<Image TextDescription=""><ImageDescription>{told}</ImageDescription></Image>'
    return _element(f"pos{number}", image, size, f"MemBlock_{number}", "")


def _element(name: str, data: str, size: int, block: str, children: str) -> str:
    below = f"<Children>{children}</Children>" if children else ""
    memory = f'<Memory Size="{size}" MemoryBlockID="{block}"/>'
    return f'<Element Name="{name}" Visibility="1" UniqueID="{name}"><Data>{data}</Data>{memory}{below}</Element>'


def write_nd2(path: Path) -> None:
    height, width = SHAPE
    frames = [
        np.stack([np.full(SHAPE, value(s, c, z), "<u2") for c in (0, 1)], axis=-1) for s in (0, 1) for z in (0, 1, 2)
    ]
    told = {
        "uiWidth": width, "uiWidthBytes": 4 * width, "uiHeight": height, "uiComp": 2, "uiBpcInMemory": 16,
        "uiBpcSignificant": 16, "uiSequenceCount": len(frames), "eCompression": 2,
    }  # fmt: skip
    z = _loop(4, _numbers({"uiCount": 3}) + '<dZStep runtype="double" value="1"/>')
    point = '<no_name runtype="P"><dPosX runtype="double" value="0"/></no_name>'
    points = f'<Points runtype="CLxListVariant">{2 * point}</Points>'
    below = f'<ppNextLevelEx runtype="CLxListVariant"><no_name runtype="RLxExperiment">{z}</no_name></ppNextLevelEx>'
    planes = "".join(f'<a{number} runtype="P">{_numbers({"uiCompCount": 1})}</a{number}>' for number in (0, 1))
    counts = _numbers({"uiCount": 2, "uiCompCount": 2})
    chunks = {
        b"ImageAttributesLV!": _variant(_numbers(told)),
        b"ImageMetadataSeqLV|0!": _variant(
            f'<sPicturePlanes runtype="S">{counts}<sPlaneNew runtype="N">{planes}</sPlaneNew></sPicturePlanes>'
        ),
        b"ImageMetadataLV!": _variant(_loop(2, points) + below),
        **{b"ImageDataSeq|%d!" % n: struct.pack("<d", n) + frame.tobytes() for n, frame in enumerate(frames)},
    }
    path.write_bytes(_nd2_file(chunks))


def _nd2_file(chunks: Mapping[bytes, bytes]) -> bytes:
    head = struct.pack("<IIQ32s64s", 0x0ABECEDA, 32, 64, b"ND2 FILE SIGNATURE CHUNK NAME01!", b"Ver3.0")
    written, table = head.ljust(4096, b"\0"), b""
    for name, data in chunks.items():
        table += name + struct.pack("<QQ", len(written), len(data))
        written += _chunk(name, data)
    table += b"ND2 CHUNK MAP SIGNATURE 0000001!" + struct.pack("<Q", len(written))
    return written + _chunk(b"ND2 FILEMAP SIGNATURE NAME 0001!", table)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack("<IIQ", 0x0ABECEDA, 4072, len(data)) + name.ljust(4072, b"\0") + data


def _variant(body: str) -> bytes:
    return f'<?xml version="1.0"?><variant version="1.0"><no_name runtype="X">{body}</no_name></variant>'.encode()


def _numbers(told: Mapping[str, int]) -> str:
    return "".join(f'<{name} runtype="lx_uint32" value="{number}"/>' for name, number in told.items())


def _loop(kind: int, body: str) -> str:
    parts = f'<uLoopPars runtype="CLxListVariant"><no_name runtype="L">{body}</no_name></uLoopPars>'
    return _numbers({"eType": kind}) + parts


def _copy_czi(path: Path) -> None:
    path.write_bytes(CZI.read_bytes())


WRITERS: Mapping[str, Callable[[Path], None]] = {".nd2": write_nd2, ".czi": _copy_czi, ".lif": write_lif}
KINDS: Sequence[str] = tuple(WRITERS)
