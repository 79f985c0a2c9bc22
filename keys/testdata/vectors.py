"""Computes vectors.json with other code than Veil's: python3 vectors.py > vectors.json

Needs the Python package cryptography, 44 or later. HKDF and HChaCha20 are written out here from
RFC 5869 and draft-irtf-cfrg-xchacha, so that labels, context and layout are checked byte by byte.
"""

import base64
import hashlib
import hmac
import json
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id


def field(b):
    return struct.pack(">I", len(b)) + b


def derive(key, label, *context):
    info = field(label.encode()) + b"".join(field(c) for c in context)
    return hmac.new(key, info + b"\x01", hashlib.sha256).digest()


def rotate(x, n):
    return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF


def hchacha20(key, nonce):
    s = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key) + struct.unpack("<4I", nonce))
    for _ in range(10):
        for a, b, c, d in [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]:
            for x, y, z, n in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]:
                s[x] = (s[x] + s[y]) & 0xFFFFFFFF
                s[z] = rotate(s[z] ^ s[x], n)
    return struct.pack("<8I", *s[:4], *s[12:])


def seal(key, header, nonce, secret, context):
    inner = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
    return header + inner.encrypt(bytes(4) + nonce[16:], secret, header + context)


def main():
    root = bytes(range(32))
    session, nonce = bytes([0xA5] * 32), bytes([0x5A] * 32)
    secret, machine_key = bytes(range(32, 64)), bytes([0x77] * 32)

    salt = derive(root, "veil/v1/tenant/comparison")
    comparison = hmac.new(salt, secret, hashlib.sha256).digest()

    def of(label):
        return derive(comparison, "veil/v1/comparison/" + label, session, nonce).hex()

    identity = Ed25519PrivateKey.from_private_bytes(derive(root, "veil/v1/tenant/identity"))
    public = identity.public_key().public_bytes_raw()
    check = hashlib.sha256(b"veil/v1/identity/checksum" + public).digest()[:3]
    finger = base64.b32encode(hashlib.sha256(b"veil/v1/identity/fingerprint" + public).digest()).decode().lower()
    message = b"a message"

    seal_salt, seal_nonce, context = bytes(range(100, 116)), bytes(range(200, 224)), b"a context"
    magic = b"veil sealed key\n\x01"
    machine_header = magic + b"\x03\x02" + bytes(9) + seal_salt + seal_nonce
    machine = seal(derive(machine_key, "veil/v1/machine/seal", seal_salt), machine_header, seal_nonce, secret, context)
    person_header = magic + b"\x01\x01" + struct.pack(">IIB", 3, 65536, 4) + seal_salt + seal_nonce
    stretched = Argon2id(salt=seal_salt, length=32, iterations=3, lanes=4, memory_cost=65536).derive(b"correct horse")
    person = seal(stretched, person_header, seal_nonce, root, b"")

    print(json.dumps({
        "root": root.hex(), "session": session.hex(), "nonce": nonce.hex(),
        "secret": secret.hex(), "machine_key": machine_key.hex(),
        "storage": derive(root, "veil/v1/tenant/storage").hex(),
        "merkle": derive(root, "veil/v1/tenant/merkle").hex(),
        "attestation": derive(root, "veil/v1/tenant/attestation").hex(),
        "log": derive(root, "veil/v1/service/log").hex(),
        "he_key": of("he-key"),
        "commit_nonce": of("commit-nonce"),
        "identity": "veil1" + base64.b32encode(public + check).decode().lower(),
        "fingerprint": "-".join(finger[i:i + 4] for i in range(0, 20, 4)),
        "message": message.decode(),
        "signature_submission": identity.sign(field(b"veil/v1/sign/submission") + message).hex(),
        "seal_random": (seal_salt + seal_nonce).hex(), "context": context.decode(), "passphrase": "correct horse",
        "sealed_comparison": machine.hex(),
        "sealed_root": person.hex(),
    }, indent=2))


main()
