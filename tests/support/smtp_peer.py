"""A small SMTP server (RFC 5321) for tests, which says no on demand. As a program it prints its ports, and then each
message as a line of JSON; it ends when its standard input does.

Recipients decide what happens: unknown@… 550, later@… 451, once-…@… 451 the first time, slow@… no answer, and
anybody else is taken. A client that logs in (AUTH PLAIN) must be mailer with the password secret.
"""
import base64
import json
import re
import socketserver
import sys
import threading

import daemon


class Conversation(socketserver.StreamRequestHandler):
    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.reply("220 peer.test ESMTP")
        sender, recipients, user = None, [], None
        while line := self.rfile.readline(2000):
            command = line.decode().rstrip("\r\n")
            verb = command.split(" ")[0].upper()
            if verb == "EHLO":
                self.reply("250-peer.test\r\n250-AUTH PLAIN\r\n250 8BITMIME")
            elif verb == "AUTH":
                given = command.split(" ")[2] if command.count(" ") > 1 else self.challenge()
                user = base64.b64decode(given).decode().split("\0")[1:]
                self.reply("235 welcome" if user == ["mailer", "secret"] else "535 no")
            elif verb == "MAIL":
                sender, recipients = command.split("<")[1].split(">")[0], []
                self.reply("250 ok")
            elif verb == "RCPT":
                recipient = command.split("<")[1].split(">")[0]
                name = recipient.split("@")[0]
                if name == "slow":
                    self.rfile.read(1)  # until the client gives up
                    return
                answers = {"unknown": "550 nobody here", "later": "451 come again"}
                recipients.append(recipient)
                first = name.startswith("once-") and not self.server.seen(recipient)
                self.reply("451 come again" if first else answers.get(name, "250 ok"))
            elif verb == "DATA":
                self.reply("354 go on")
                self.server.taken({"from": sender, "to": recipients, "user": user and user[0], "text": self.data()})
                self.reply("250 taken")
            elif verb == "QUIT":
                self.reply("221 bye")
                return
            else:
                self.reply("250 ok" if verb in ("RSET", "NOOP") else "502 unknown")

    def challenge(self):
        self.reply("334 ")
        return self.rfile.readline(2000).decode().strip()

    def data(self):
        lines = []
        while (line := self.rfile.readline(2000)) != b".\r\n":
            assert line.endswith(b"\r\n"), line
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines).decode()


def token_in(text):
    """The token of the link that a letter brings."""
    return re.search(r"\?token=(\S+)", text).group(1)


class Server(socketserver.ThreadingTCPServer):
    """taken(message) is called for every message; messages keeps them."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, taken=None):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.messages, self.recipients = [], set()
        self.tell = taken
        self.url = f"smtp://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def seen(self, recipient):
        before = recipient in self.recipients
        self.recipients.add(recipient)
        return before

    def taken(self, message):
        self.messages.append(message)
        if self.tell:
            self.tell(message)

    def letter_to(self, address, subject):
        """The text of a letter, once it has come."""
        def found():
            for message in self.messages:
                if message["to"] == [address] and f"Subject: {subject}" in message["text"]:
                    return message
        text = daemon.wait_for(found, f"the letter “{subject}”", 30)["text"]
        return text.replace("=\r\n", "").replace("=3D", "=")

    def close(self):
        self.shutdown()
        self.server_close()


if __name__ == "__main__":
    def show(message):
        print(json.dumps(message), flush=True)
    server = Server(show)
    print(server.server_address[1], flush=True)
    sys.stdin.read()
