"""Which certificate authorities hgw trusts: the system's, or those that SSL_CERT_FILE and SSL_CERT_DIR name.

As in Go, curl and OpenSSL, each of these variables replaces the system's own file or folder.
"""

import errno
import os
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from higress_cli.errors import DownloadError
from higress_cli.i18n import _

FILE: Final = "SSL_CERT_FILE"
FOLDER: Final = "SSL_CERT_DIR"
# Where distributions keep all authorities in one file (the list of Go's crypto/x509, root_linux.go).
_SYSTEM_FILES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def context(variables: Mapping[str, str]) -> ssl.SSLContext:
    """The SSL context for verifying servers' certificates.

    Raises:
        DownloadError: `certificates-unreadable` if a variable names something without authorities.
    """
    if variables.get(FILE) or variables.get(FOLDER):
        return _named(variables)
    import truststore

    found = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.platform.startswith("linux") and _system_file() is None and not _has_hashed_folder():
        # A bare container has no authorities at all.
        found.load_verify_locations(cafile=_certifi())
    return found


def bundle(variables: Mapping[str, str]) -> Path:
    """One file with authorities, for programs that take a file: SSL_CERT_FILE's, the system's, or Mozilla's."""
    return Path(variables.get(FILE) or _system_file() or _certifi())


def hint() -> str:
    """What to do if a server's certificate is not trusted."""
    return _(
        "if a company's proxy decrypts the connection, add its authority to the system's store or name it in {variable}"
    ).format(variable=FILE)


def _named(variables: Mapping[str, str]) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if file := variables.get(FILE):
        _load(found, FILE, file)
    elif system := _system_file():
        found.load_verify_locations(cafile=system)
    folders = variables.get(FOLDER)
    if folders:
        for folder in filter(None, folders.split(os.pathsep)):
            _load(found, FOLDER, folder)
    elif _has_hashed_folder():
        found.load_verify_locations(capath=ssl.get_default_verify_paths().openssl_capath)
    return found


def _load(into: ssl.SSLContext, variable: str, value: str) -> None:
    try:
        if variable == FILE:
            into.load_verify_locations(cafile=value)
        elif not Path(value).is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        else:
            into.load_verify_locations(capath=value)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError: the content is not PEM
        reason = _("it holds no certificates in PEM form") if isinstance(error, ssl.SSLError) else _reason(error)
        raise DownloadError(
            _("{variable}={value} cannot be used: {reason}").format(variable=variable, value=value, reason=reason),
            code="certificates-unreadable",
            hint=_("correct {variable}, or unset it to use the system's own authorities").format(variable=variable),
            details={"variable": variable, "value": value},
        ) from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _system_file() -> str | None:
    default = ssl.get_default_verify_paths().openssl_cafile
    return next((file for file in (*_SYSTEM_FILES, default) if Path(file).is_file()), None)


def _has_hashed_folder() -> bool:
    folder = ssl.get_default_verify_paths().openssl_capath
    return Path(folder).is_dir() and any(path.suffix == ".0" for path in Path(folder).iterdir())


def _certifi() -> str:
    import certifi

    return certifi.where()
