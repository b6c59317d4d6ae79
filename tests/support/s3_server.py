"""An S3 server of a test's own (clients/s3.mjs: s3rver, with Amazon's signer before it)."""
import pathlib
import secrets
import subprocess

SCRIPT = pathlib.Path(__file__).parent / "clients" / "s3.mjs"


class S3Server:
    bucket, region = "school-files", "us-east-1"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.key_id, self.key = "TESTKEY", secrets.token_urlsafe(30)
        self.process = subprocess.Popen(
            ["node", SCRIPT, self.folder, self.bucket, self.key_id, self.key, self.region],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def setting(self, key=None):
        """The value of TOOLBOX_TEST_S3 (config/test.lua)."""
        return f"{self.url} {self.bucket} {self.key_id} {key or self.key}"

    def objects(self):
        """Names of the objects, below the setting's prefix."""
        return {path.name.removesuffix("._S3rver_object")
                for path in (self.folder / self.bucket / "people").glob("*._S3rver_object")}

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
