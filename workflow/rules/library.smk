"""Where this workflow's files lie, so that the library beside its scripts can be imported, here and by the scripts.

Another workflow may import this one from a folder, or from GitHub or GitLab, where Snakemake reads it file by file: the
commit is unpacked once.
"""

import os
import subprocess
import sys
import tempfile

from snakemake.exceptions import WorkflowError
from snakemake.sourcecache import HostingProviderFile


def unpacked(repository, ref):
    """A folder with the files of a commit, moved into place when complete."""
    commit = repository.commit(ref).hexsha
    folder = Path(".snakemake", "speceyes", commit).absolute()
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = tempfile.mkdtemp(dir=folder.parent)
        with tempfile.TemporaryFile() as archive:
            repository.archive(archive, commit)
            archive.seek(0)
            subprocess.run(["tar", "--extract", "--directory", part], stdin=archive, check=True)
        try:
            os.rename(part, folder)
        except OSError:
            if not folder.exists():  # else another process was faster
                raise
    return folder


def workflow_folder(rules):
    """The folder ``workflow`` that a source file's folder ``rules`` lies in."""
    if isinstance(rules, HostingProviderFile):
        return unpacked(rules.hosted_repo.repo, rules.ref) / Path(rules.path).parent
    address = rules.get_path_or_uri(secret_free=True)
    if not Path(address).is_dir():
        raise WorkflowError(
            f"{address} is read file by file, and this workflow has a library: import it by github(...) or "
            "gitlab(...), or from the folder of a clone."
        )
    return Path(address).parent


WORKFLOW = workflow_folder(workflow.current_basedir)
sys.path.insert(0, str(WORKFLOW / "scripts"))
# Scripts of a repository run out of Snakemake's cache, away from the library.
os.environ.update(
    PYTHONPATH=os.pathsep.join([str(WORKFLOW / "scripts"), os.getenv("PYTHONPATH", "")]).rstrip(os.pathsep)
)
