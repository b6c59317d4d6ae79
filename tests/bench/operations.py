"""Every list of the API and every page of the dashboard, as somebody of the district would ask for it."""
import itertools
import json
import re
import urllib.parse

import district

NO_PAGES = ("/login", "/ui/", "/healthz", "/readyz", "/assets", "/ws")


class Operation:
    """role is None if nobody is answered 200: there is no such object in the district, or the page only redirects or
    needs what a letter says."""

    def __init__(self, service, name, path, role):
        self.service, self.name, self.path, self.role = service, name, path, role

    @property
    def is_list(self):
        return self.service == "api" and self is not NOTHING


# What any request costs: this one asks for no more.
NOTHING = Operation("api", "GET /healthz", "/healthz", "admin")


class Finder:
    def __init__(self, place):
        self.place, self.ids = place, {}
        self.document = json.loads(place.server.call("api", "GET", "/openapi.json").body)
        self.prefix = urllib.parse.urlparse(self.document["servers"][0]["url"]).path.rstrip("/")
        # name of a path parameter → the collection whose objects it names
        self.collections = {}
        for methods in self.document["paths"].values():
            for each in itertools.chain.from_iterable(m.get("parameters", []) for m in methods.values()):
                if each["in"] == "path" and "x-resource" in each["schema"]:
                    self.collections[each["name"]] = each["schema"]["x-resource"]

    def an_id(self, collection, role):
        """Of the first object that this person sees, or None."""
        if (collection, role) not in self.ids:
            answer = self.place.get("api", f"{collection}?limit=1", role)
            items = answer.json.get("items") if answer.status == 200 else None
            self.ids[collection, role] = items[0].get("id") if items else None
        return self.ids[collection, role]

    def filled(self, path, role):
        for name in re.findall(r"\{(\w+)\}", path):
            known = name in self.collections and self.an_id(self.collections[name], role)
            if not known:
                return None
            path = path.replace("{%s}" % name, known)
        return path

    def operation(self, service, name, path):
        """As the first role that is answered."""
        for role in district.LOGINS:
            filled = self.filled(path, role)
            if filled and self.place.get(service, filled, role).status == 200:
                return Operation(service, name, filled, role)
        return Operation(service, name, path, None)

    def lists(self):
        for path, methods in self.document["paths"].items():
            if any(each["in"] == "query" and each["name"] == "limit"
                   for each in methods.get("get", {}).get("parameters", [])):
                yield self.operation("api", f"GET {path}", self.prefix + path)

    def pages(self):
        server = self.place.server
        routes = server.command("routes", "--config", server.config, "dashboard", timeout=60).stdout
        for path in re.findall(r"^dashboard +GET +(\S+)", routes, re.M):
            if not path.startswith(NO_PAGES):
                yield self.operation("dashboard", f"page {path}", path)


def everything(place, only):
    finder = Finder(place)
    for one in itertools.chain([NOTHING], finder.lists(), finder.pages()):
        if not only or only in one.name:
            yield one
