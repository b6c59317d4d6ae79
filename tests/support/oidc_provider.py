"""An OpenID provider (OpenID Connect Core 1.0, Discovery 1.0) for tests: code flow with PKCE, ES256, keys that rotate.

Whoever is sent to its authorization endpoint is logged in as the person that the test named, at once. It checks what a
strict provider checks, and lies on demand: lie(claim=value) goes into the next ID token.
"""
import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
import urllib.parse

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT, SECRET = "toolbox", "peer secret"


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Key:
    def __init__(self):
        self.kid = secrets.token_hex(4)
        self.private = ec.generate_private_key(ec.SECP256R1())

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
                "x": base64url(numbers.x.to_bytes(32, "big")), "y": base64url(numbers.y.to_bytes(32, "big"))}


class Provider:
    def __init__(self):
        self.person = {"sub": "nobody"}
        self.lies, self.codes, self.faults = {}, {}, []
        self.key = Key()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.get(self, urllib.parse.urlsplit(self.path))

            def do_POST(self):
                outer.token(self)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def log_in_as(self, **person):
        self.person = person

    def lie(self, **claims):
        self.lies = claims

    @staticmethod
    def send(handler, status, value=None, **headers):
        body = json.dumps(value).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        for name, text in headers.items():
            handler.send_header(name, text)
        handler.end_headers()
        handler.wfile.write(body)

    def get(self, handler, target):
        if target.path == "/.well-known/openid-configuration":
            self.send(handler, 200, {"issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize",
                                     "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/jwks"})
        elif target.path == "/jwks":
            self.send(handler, 200, {"keys": [{"kty": "oct", "kid": "other"}, self.key.jwk()]})
        elif target.path == "/authorize":
            query = dict(urllib.parse.parse_qsl(target.query))
            wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
            if any(query.get(name) != value for name, value in wanted.items()) or "openid" not in query["scope"].split():
                self.faults.append(query)
            code = secrets.token_urlsafe(16)
            self.codes[code] = (query, dict(self.person))
            back = query["redirect_uri"] + "?" + urllib.parse.urlencode({"code": code, "state": query["state"]})
            self.send(handler, 302, None, Location=back)
        else:
            self.send(handler, 404)

    def token(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
        form = dict(urllib.parse.parse_qsl(body))
        query, person = self.codes.pop(form.get("code"), (None, None))
        basic = base64.b64encode(f"{CLIENT}:{urllib.parse.quote(SECRET)}".encode()).decode()
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        good = (query and handler.headers["Authorization"] == "Basic " + basic
                and form["grant_type"] == "authorization_code" and form["redirect_uri"] == query["redirect_uri"]
                and base64url(verifier) == query["code_challenge"])
        if not good:
            return self.send(handler, 400, {"error": "invalid_grant"})
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": query["nonce"], **person,
                  **self.lies}
        self.lies = {}
        token = jwt.encode(claims, self.key.private, algorithm="ES256", headers={"kid": self.key.kid})
        self.send(handler, 200, {"access_token": secrets.token_hex(8), "token_type": "Bearer", "id_token": token})
