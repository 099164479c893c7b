"""An image in full resolution: a TIFF and OME-Zarr of both formats, tile by tile; damaged ones say what is wrong."""

import io
import json
import re
from urllib.parse import urlencode

import pytest
from tests.plugins.records import leave
from tests.specs import wells

from platerunner.engine.planning.model import UnitState
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_pages.pictures import decoding, ome_zarr, worker, zarr_worker
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.folders import FolderManifest, Member
from platerunner_unit.contract.outcome import Outcome, OutputRecord
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import marker_of

Image = pytest.importorskip("PIL.Image")
ts = pytest.importorskip("tensorstore")
np = pytest.importorskip("numpy")

VOLUME = """
volume:
  module: command
  image: base:latest
  foreach: [plate]
  inputs: {all: work.made}
  with: {argv: [stack, "{inputs.all}", "{outputs.volume}"]}
  outputs: {volume: {folder: "volumes/{plate}.zarr"}}
shown:
  module: command
  image: base:latest
  foreach: [plate]
  inputs: {volume: volume.volume}
  with: {argv: [show, "{inputs.volume}", "{outputs.text}"]}
  outputs: {text: "texts/{plate}.txt"}
"""
TASKS = "/platerunner/dags/lab/runs/run-1/tasks"
FOLDER = "volumes/P1.zarr"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def lab(site):
    site.add(wells("lab", folder="/lab", steps=VOLUME))
    site.start("lab", work="success", volume="success")
    site.lab = Storage(str(site.workspace / "lab"))
    return site


def tiff(site, name="P1/A01", planes=((1500, 1300),)):
    """Planes of 16 bits, brighter from left to right, and twice as bright from plane to plane."""
    drawn = [
        Image.fromarray(np.tile(np.arange(wide, dtype="u2") * 20 * (at + 1) + 1000, (high, 1)))
        for at, (wide, high) in enumerate(planes)
    ]
    out = io.BytesIO()
    drawn[0].save(out, "TIFF", compression="tiff_lzw", save_all=True, append_images=drawn[1:])
    site.lab.put(f"made/{name}.tif", out.getvalue())
    return f"{TASKS}/work/results", f"output=made&key=made/{name}.tif"


def array(folder, path, values, form):
    """An array as TensorStore writes it: of Zarr 2 with chunks, or of Zarr 3 with shards of compressed chunks."""
    old = {"driver": "zarr", "metadata": {"chunks": [1] * (values.ndim - 2) + [100, 90], "dimension_separator": "/"}}
    blosc = [{"name": "bytes"}, {"name": "blosc", "configuration": {"cname": "zstd"}}]
    shape = [1] * (values.ndim - 2)
    shards = {"name": "sharding_indexed", "configuration": {"chunk_shape": [*shape, 50, 50], "codecs": blosc}}
    grid = {"name": "regular", "configuration": {"chunk_shape": [*shape, 200, 200]}}
    new = {"driver": "zarr3", "metadata": {"chunk_grid": grid, "codecs": [shards]}}
    spec = {**(old if form == 2 else new), "kvstore": {"driver": "file", "path": f"{folder}/{path}/"}}
    made = ts.open(spec, create=True, shape=values.shape, dtype=ts.dtype(values.dtype.name)).result()
    made.write(values).result()


def describe(folder, said, form, inside=""):
    place = folder / inside
    place.mkdir(parents=True, exist_ok=True)
    if form == 2:
        (place / ".zgroup").write_text('{"zarr_format": 2}')
        (place / ".zattrs").write_text(json.dumps(said))
    else:
        group = {"zarr_format": 3, "node_type": "group", "attributes": {"ome": said}}
        (place / "zarr.json").write_text(json.dumps(group))


def image(folder, form, inside="", channels=2):
    """An image of 300 x 250 pixels with two scales, each channel darker than the next."""
    step = np.arange(300, dtype="u2") * 10
    whole = np.stack([np.tile(step, (250, 1)) + 100 * at for at in range(channels)])[:, None]
    for path, values in (("0", whole), ("1", whole[..., ::2, ::2])):
        array(folder, f"{inside}/{path}" if inside else path, values, form)
    axes = [{"name": name} for name in "czyx"]
    scales = [{"path": "0"}, {"path": "1"}]
    window = {"start": 0, "end": 2990}
    told = {"channels": [{"label": f"DNA {EVIL}", "window": window}, {"label": "ER"}]}
    describe(folder, {"multiscales": [{"axes": axes, "datasets": scales}], "omero": told}, form, inside)


def staged(site, folder, path=FOLDER):
    """The folder as stage-out leaves it: its files, then its marker."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    members = tuple(Member(each.relative_to(folder).as_posix(), each.stat().st_size, "0") for each in files)
    for member, each in zip(members, files, strict=True):
        site.lab.put(f"{path}/{member.name}", each.read_bytes())
    site.lab.put(marker_of(path), FolderManifest(members).to_json())
    return f"{TASKS}/volume/results", f"output=volume&key={path}"


def asking(client, place, query, **asked):
    return client.get(f"{place}/tile?{query}&{urlencode(asked)}")


def tile(client, place, query, **asked):
    answer = asking(client, place, query, **asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.asarray(Image.open(io.BytesIO(answer.content)), dtype=float)


@pytest.mark.slow
def test_a_tiff_comes_in_tiles_that_fit_together_each_as_bright_as_its_plane(lab):
    place, query = tiff(lab, planes=[(1500, 1300), (1500, 1300)])
    client = lab.client("viewer")
    text = client.get(f"{place}/look?{query}").text
    assert 'data-width="1500" data-height="1300" data-tile="1024" data-last="1"' in text
    assert 'max="1" value="0"' in text, "two planes"
    small = tile(client, place, query)
    assert small.shape == (650, 750)
    rows = [np.hstack([tile(client, place, query, level=1, x=x, y=y) for x in (0, 1)]) for y in (0, 1)]
    whole = np.vstack(rows)
    assert whole.shape == (1300, 1500)
    assert np.abs(np.diff(whole, axis=1)).max() <= 1, "no seam"
    assert (whole[0, 0], whole[0, -1]) == (0, 255)
    assert np.array_equal(tile(client, place, query, z=1), small), "the second plane has a scale of its own"
    for wrong in ({"x": 1}, {"level": 2}, {"level": 1, "y": 2}, {"z": 2}, {"c": 1}, {"t": 1}):
        assert asking(client, place, query, **wrong).status_code == 404, wrong
    assert asking(client, place, query, inside="0").status_code == 404


def test_other_kinds_of_pixels_are_shown_too():
    for mode in ("L", "RGB", "I;16B", "F"):
        out = io.BytesIO()
        (Image.new("I", (50, 40)).convert(mode) if ";" in mode else Image.new(mode, (50, 40))).save(out, "TIFF")
        drawn = Image.open(io.BytesIO(worker.part(out.getvalue(), 0, 10, 0, 50, 40, 20, 20)))
        assert (drawn.size, drawn.mode) == ((20, 20), "RGB" if mode == "RGB" else "L"), mode


def decode_here(_worker, read, *args, needs):
    """What a process of its own makes, without the second that it takes to start."""
    return zarr_worker.make(read(), list(args))


@pytest.mark.slow
@pytest.mark.parametrize("form", [2, 3])
def test_an_ome_zarr_comes_from_the_scale_that_is_fine_enough(lab, tmp_path, monkeypatch, form):
    if form == 2:
        monkeypatch.setattr(ome_zarr, "decoded", decode_here)
    monkeypatch.setattr("platerunner_pages.pictures.tiles.TILE", 200)
    image(tmp_path / "made", form)
    place, query = staged(lab, tmp_path / "made")
    client = lab.client("viewer")
    text = client.get(f"{place}/look?{query}").text
    assert (EVIL in text, "&lt;img" in text, 'data-last="1"' in text) == (False, True, True)
    read = []
    asked = ome_zarr.Scale.chunk
    monkeypatch.setattr(ome_zarr.Scale, "chunk", lambda scale, at: read.append(scale.path) or asked(scale, at))
    small = tile(client, place, query)
    assert (small.shape, set(read)) == ((125, 150), {"1"})
    whole = np.vstack([np.hstack([tile(client, place, query, level=1, x=x, y=y) for x in (0, 1)]) for y in (0, 1)])
    assert (whole.shape, read[-1]) == ((250, 300), "0")
    assert np.abs(whole - np.arange(300) * 255 / 299).max() <= 1, "each pixel as it is"
    assert np.array_equal(whole[1:], whole[:-1])
    other = tile(client, place, query, c=1)
    assert (other[0, 0], other[0, -1]) == (0, 255), "nobody said how bright it is shown: as its own pixels are"
    assert client.get(f"{place}/tile?{query}&c=2").status_code == 404


@pytest.mark.parametrize("form", [2, 3])
def test_a_plate_leads_to_its_wells_and_their_sites(lab, tmp_path, monkeypatch, form):
    monkeypatch.setattr(ome_zarr, "decoded", decode_here)
    made = tmp_path / "made"
    describe(made, {"plate": {"wells": [{"path": "A/1"}, {"path": "B/12"}]}}, form)
    for well in ("A/1", "B/12"):
        describe(made, {"well": {"images": [{"path": "0"}, {"path": "1"}]}}, form, well)
        for site in "01":
            image(made, form, f"{well}/{site}")
    place, query = staged(lab, made)
    client = lab.client("viewer")
    listed = client.get(f"{TASKS}/volume/results/").text
    assert ("volumes/P1.zarr/" in listed, "1 folder." in listed, "_platerunner" in listed) == (True, True, False)
    page = client.get(f"{place}/look?{query}").text
    assert re.findall(r"<figcaption>([^<]+)", page) == ["A1", "B12"]
    shown = client.get(f"{place}/tile?{query}&inside=B/12")
    assert Image.open(io.BytesIO(shown.content)).size == (300, 250), "of its first site"
    well = client.get(f"{place}/look?{query}&inside=B/12").text
    assert re.findall(r"<figcaption>([^<]+)", well) == ["site 1", "site 2"]
    assert 'data-width="300"' in client.get(f"{place}/look?{query}&inside=B/12/1").text
    assert client.get(f"{place}/look?{query}&inside=C/1").status_code == 404
    read = client.get(f"{TASKS}/shown/results/?output=input volume").text
    assert "volumes/P1.zarr/" in read, "the step that reads it shows it, too"


def test_a_folder_without_its_marker_is_not_there_and_a_link_in_it_is_not_followed(lab, tmp_path):
    image(tmp_path / "made", 2)
    place, query = staged(lab, tmp_path / "made")
    client = lab.client("admin")
    for key in ("volumes/P2.zarr", "volumes/P1.zarr/0", "volumes/../volumes/P1.zarr", "made/P1", marker_of(FOLDER)):
        for what in ("look", "tile"):
            assert client.get(f"{place}/{what}", params={"output": "volume", "key": key}).status_code == 404, key
    for inside in ("../P1.zarr", "..", "/etc", "0", "0/0"):
        assert asking(client, place, query, inside=inside).status_code == 404, inside
    (tmp_path / "secret").write_text('{"multiscales": []}')
    attributes = lab.workspace / "lab" / FOLDER / ".zattrs"
    attributes.unlink()
    attributes.symlink_to(tmp_path / "secret")
    lab.lab.put(marker_of(FOLDER), lab.lab.get(marker_of(FOLDER)).replace(b'"0"]', b'"1"]'))
    told = client.get(f"{place}/look?{query}")
    assert (told.status_code, "or is a link" in told.json()["detail"]) == (409, True)


AXES = [{"name": "y"}, {"name": "x"}]
HUGE = {"shape": [100_000, 100_000], "chunks": [1000, 1000], "zarr_format": 2}
NONE = "not those of an OME-Zarr"


def one_scale(path="0", axes=AXES):
    return {"multiscales": [{"axes": axes, "datasets": [{"path": path}]}]}


DAMAGED = {
    "no JSON": ("{", None, "cannot be read"),
    "deep": ("[" * 100_000, None, "cannot be read"),
    "no scales": ({"multiscales": [{}]}, None, NONE),
    "no numbers": (one_scale(), {"shape": ["x"]}, NONE),
    "an empty chunk": (one_scale(), {**HUGE, "chunks": [0, 1]}, NONE),
    "outside": (one_scale("../../secret"), HUGE, NONE),
    "other axes": (one_scale(axes=["x", "y"]), HUGE, "has the axes x, y"),
    "a bomb": (one_scale(), HUGE, "100,000 x 100,000 pixels"),
    "crumbs": (one_scale(), {**HUGE, "chunks": [1, 1]}, "too many small chunks"),
    "no array": (one_scale(), {**HUGE, "shape": [9, 9]}, "cannot be decoded"),
}


def test_what_cannot_or_must_not_be_decoded_says_why(lab, tmp_path):
    client = lab.client("viewer")
    for name, (said, array, reason) in DAMAGED.items():
        made = tmp_path / name
        (made / "0").mkdir(parents=True)
        (made / ".zattrs").write_text(said if isinstance(said, str) else json.dumps(said))
        if array:
            (made / "0/.zarray").write_text(json.dumps(array))
        place, query = staged(lab, made, f"volumes/{name.replace(' ', '')}.zarr")
        told = asking(client, place, query)
        assert (told.status_code, reason in told.json()["detail"]) == (409, True), (name, told.text)


def test_where_no_decoder_is_installed_it_says_what_to_install(lab, tmp_path, monkeypatch):
    image(tmp_path / "made", 2)
    place, query = staged(lab, tmp_path / "made")
    monkeypatch.setattr(decoding, "find_spec", lambda _: None)
    told = lab.client("viewer").get(f"{place}/tile?{query}")
    assert (told.status_code, "airflow-plugin-platerunner[zarr]" in told.json()["detail"]) == (409, True)


def test_an_image_of_a_unit_is_never_a_plain_name(lab, tmp_path):
    tiff(lab)
    image(tmp_path / "made", 2)
    staged(lab, tmp_path / "made")
    made = {
        "work": ("plate=P1/well=A01", "made", "made/P1/A01.tif", "made/P1/A01.tif"),
        "volume": ("plate=P1", "volume", marker_of(FOLDER), FOLDER),
    }
    for step, (unit, output, key, shown) in made.items():
        leave(lab.workspace / "lab", {unit: UnitState.DONE}, succeeded=(unit,), step=step)
        verdict = Verdict("succeeded", "It worked.")
        record = OutputRecord(output, key, 9, "0")
        OutcomeStore(lab.lab).write(Outcome("lab", "run-1", step, unit, {}, "fp", 1, verdict, outputs=(record,)))
        client = lab.client("viewer")
        text = client.get(f"{TASKS}/{step}/unit", params={"id": unit}).text
        address = re.search(r'<li><a href="(results/look[^"]+)"', text)[1].replace("&amp;", "&")
        assert client.get(f"{TASKS}/{step}/{address}").status_code == 200
        assert (f'src="results/thumbnail?output={output}' in text) == (step == "work")
        assert shown in text
