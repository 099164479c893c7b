"""`platerunner deploy`: a bundle in the bucket that MWAA runs from, as moto plays it."""

from tests.provider.cli.conftest import FILES
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.cli.mwaa.bundle_files import write_sums


def deploy(made, *args, bucket="airflow", code=0):
    done = CliRunner().invoke(app, ["deploy", "--bucket", bucket, "--bundle", str(made), *args])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def keys(s3):
    return {entry["Key"] for entry in s3.list_objects_v2(Bucket="airflow").get("Contents", ())}


def version(s3, key):
    return s3.head_object(Bucket="airflow", Key=key)["VersionId"]


def test_all_files_are_uploaded_and_their_versions_said(s3, made):
    said = deploy(made)
    assert keys(s3) == set(FILES)
    for name in FILES:
        assert f"uploaded   {name}  {version(s3, name)}\n" in said
    assert s3.get_object(Bucket="airflow", Key="plugins.zip")["Body"].read() == b"zip"
    told = f"--plugins-s3-path plugins.zip --plugins-s3-object-version {version(s3, 'plugins.zip')}"
    assert told in said
    assert f"--startup-script-s3-object-version {version(s3, 'startup.sh')}" in said


def test_what_is_there_keeps_its_version_and_is_told_again(s3, made):
    deploy(made)
    before = {name: version(s3, name) for name in FILES}
    (made / "dags/dag_specs/demo.yaml").write_text("pipeline: demo2")
    write_sums(made)
    said = deploy(made)
    changed = {name for name in FILES if version(s3, name) != before[name]}
    assert changed == {"dags/dag_specs/demo.yaml"}
    assert f"unchanged  plugins.zip  {before['plugins.zip']}" in said
    assert f"--plugins-s3-object-version {before['plugins.zip']}" in said


def test_what_an_older_bundle_left_among_the_specs_goes_and_other_peoples_dags_stay(s3, made):
    for key in ("dags/dag_specs/old.yaml", "dags/theirs.py", "other/thing"):
        s3.put_object(Bucket="airflow", Key=key, Body=b"x")
    assert "removed    dags/dag_specs/old.yaml" in deploy(made)
    assert keys(s3) == {*FILES, "dags/theirs.py", "other/thing"}


def test_a_prefix_goes_before_every_key(s3, made):
    said = deploy(made, "--prefix", "/mwaa/dev/")
    assert keys(s3) == {f"mwaa/dev/{name}" for name in FILES}
    assert "--requirements-s3-path mwaa/dev/requirements.txt" in said


def test_a_bundle_that_was_changed_after_it_was_made_stays_here(s3, made):
    (made / "requirements.txt").write_text("evil==1")
    assert "files are not as SHA256SUMS says; make the bundle again" in deploy(made, code=2)
    (made / "SHA256SUMS").unlink()
    assert "no bundle there; make it with `platerunner bundle`" in deploy(made, code=2)
    assert not keys(s3)


def test_buckets_without_versions_are_refused(s3, made):
    s3.create_bucket(Bucket="plain")
    said = deploy(made, bucket="plain", code=2)
    assert "it keeps no versions, which MWAA needs; turn them on: aws s3api put-bucket-versioning" in said


def test_what_aws_refuses_is_one_sentence(s3, made):
    said = deploy(made, bucket="nowhere", code=2)
    assert said.startswith("--bucket nowhere: The specified bucket does not exist: name the environment's own, or be")
    assert said.count("\n") == 1
