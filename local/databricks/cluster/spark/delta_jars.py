"""Fetches the jars of Delta by Spark's own package resolution."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from cluster.spark.jvm import JvmStartError, jvm_environment, submit_command

_JAR_NAME = re.compile(r"^io\.delta_(?P<artifact>.+)\.jar$")


def _trust_store(folder: Path) -> list[str]:
    """JVM options that trust the machine's own certificate bundle, so that a company's proxy does not stop the
    download.
    """
    candidates = [
        os.environ.get("SSL_CERT_FILE"),
        ssl.get_default_verify_paths().cafile,
        "/etc/ssl/certs/ca-certificates.crt",
    ]
    bundle = next((Path(path) for path in candidates if path and Path(path).is_file()), None)
    if bundle is None:
        return []
    certificates = [
        pkcs12.PKCS12Certificate(found, f"ca-{number}".encode())
        for number, found in enumerate(x509.load_pem_x509_certificates(bundle.read_bytes()))
    ]
    store = folder / "trust.p12"
    store.write_bytes(pkcs12.serialize_java_truststore(certificates, BestAvailableEncryption(b"changeit")))
    return [
        f"-Djavax.net.ssl.trustStore={store}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
        "-Djavax.net.ssl.trustStorePassword=changeit",
    ]


def resolve_packages(coordinates: str, target: Path) -> list[Path]:
    """Fetches `coordinates` by Spark's own package resolution and copies the io.delta jars into `target`."""
    with tempfile.TemporaryDirectory(prefix="batchkeeper-ivy-") as ivy:
        command = submit_command(
            {"spark.jars.ivy": ivy, "spark.ui.enabled": "false", "spark.master": "local[1]"},
            memory="512m",
            jars=[],
            java_options=_trust_store(Path(ivy)),
            arguments=["--packages", coordinates, "--class", "java.lang.System", "spark-internal"],
        )
        result = subprocess.run(
            command, env=jvm_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        found = sorted(Path(ivy).glob("jars/io.delta_*.jar"))
        if not found:
            raise JvmStartError(f"Spark could not resolve {coordinates}:\n{result.stderr[-2000:]}")
        target.mkdir(parents=True, exist_ok=True)
        copied = []
        for jar in found:
            match = _JAR_NAME.match(jar.name)
            assert match
            copied.append(Path(shutil.copy2(jar, target / f"{match['artifact']}.jar")))
        return copied
