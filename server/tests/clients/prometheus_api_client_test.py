"""The calls of prometheus-api-client (PyPI) against a server that holds `requests_total` and `temperature`."""

import datetime
import os

from prometheus_api_client import PrometheusConnect

now = datetime.datetime.now()
client = PrometheusConnect(
    url=os.environ["CROWSNEST_URL"].rstrip("/"),
    headers={"Authorization": "Bearer " + os.environ["CROWSNEST_TOKEN"]},
)

assert client.check_prometheus_connection()
assert client.all_metrics() == ["requests_total", "temperature", "up"], client.all_metrics()
assert client.get_label_names() == ["__name__", "instance", "job", "node"]
assert client.get_label_values("job") == ["test"]
series = client.get_series(now - datetime.timedelta(minutes=5), now, {"match[]": "requests_total"})
assert [labels["__name__"] for labels in series] == ["requests_total"], series

[current] = client.get_current_metric_value("requests_total", {"job": "test"})
assert current["value"][1] == "6", current
[answer] = client.custom_query("sum(requests_total)")
assert answer["value"][1] == "6", answer

start = now - datetime.timedelta(minutes=2)
[data] = client.get_metric_range_data("requests_total", start_time=start, end_time=now)
assert [value for _, value in data["values"]] == ["0", "1", "2", "3", "4", "5", "6"], data
[over_time] = client.custom_query_range("requests_total", start, now, "10s")
assert over_time["values"][-1][1] == "6", over_time

targets = client.get_targets()
assert [target["labels"]["job"] for target in targets["activeTargets"]] == ["test"], targets
assert client.get_target_metadata({"job": "test"}) == []
assert isinstance(client.get_metric_metadata("requests_total"), list)
print("all calls answered")
