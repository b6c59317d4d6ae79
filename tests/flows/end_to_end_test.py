"""The product's story in one piece, as tools/demo tells it, dashboard in a real browser included."""
import daemon
from tour import Tour


def test_from_a_page_of_text_to_a_published_post(product, tmp_path):
    tour = Tour(product, tmp_path)
    for step in tour.steps():
        told = list(step())
        assert told, f"{step.__name__} said nothing"
        print("\n".join([step.__doc__] + told))
    shot = (tmp_path / "dashboard.png").read_bytes()
    assert shot.startswith(b"\x89PNG") and len(shot) > 10000
    # Counted for the operator as well.
    metrics = product.call("admin", "GET", "/metrics").body.decode()
    assert 'toolbox_workflow_runs_total{' in metrics and "generate_lesson" in metrics
    assert all(line.get("level") not in ("error", "unreadable") for line in daemon_lines(product)), product.tail()


def daemon_lines(product):
    return [line for line in product.lines() if isinstance(line, dict)]


def test_stores_that_go_away_give_503_and_come_back(product, stores):
    for part in ("postgres", "redis"):
        stores.stop(part)
        try:
            for service in ("api", "dashboard", "bridge", "mcp", "content"):
                def refuses():
                    answer = product.call(service, "GET", "/readyz")
                    return answer if answer.status == 503 else None
                answer = daemon.wait_for(refuses, f"a 503 of {service}")
                assert answer.header("retry-after"), answer
                assert any(not p["ok"] and p["reason"] for p in answer.json["parts"]), answer
                assert product.call(service, "GET", "/healthz").status == 200
        finally:
            stores.start(part)
        for service in ("api", "dashboard", "bridge", "mcp", "content"):
            daemon.wait_for(lambda: product.call(service, "GET", "/readyz").status == 200, f"{service} to be ready", 60)
