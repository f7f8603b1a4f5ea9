"""What OpenTelemetry's exporters, influxdb-client and prometheus-client (PyPI) send, as they are.

Each sends once; the test that runs this looks at what has been stored.
"""

import os
import ssl
import urllib.request

import grpc
from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, Gauge, delete_from_gateway, push_to_gateway, pushadd_to_gateway

URL = os.environ["CROWSNEST_URL"].rstrip("/")
CA = os.environ["SSL_CERT_FILE"]
AUTHORIZATION = "Bearer " + os.environ["CROWSNEST_TOKEN"]


def opentelemetry(name, exporter):
    """Sends twice: a counter, a gauge and a histogram of the service `name`."""
    results = []
    export = exporter.export

    def noted(*arguments, **keywords):
        results.append(export(*arguments, **keywords))
        return results[-1]

    exporter.export = noted
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    resource = Resource({"service.name": name, "service.instance.id": "1", "host.name": "n1"})
    provider = MeterProvider(metric_readers=[reader], resource=resource)
    meter = provider.get_meter("test")
    requests = meter.create_counter("http.requests", unit="1", description="Requests.")
    latency = meter.create_histogram("http.latency", unit="s")
    meter.create_observable_gauge("memory.used", unit="By", callbacks=[observe])
    for count in (2, 3):
        requests.add(count, {"http.route": "/"})
        latency.record(0.1 * count)
        assert provider.force_flush()
    provider.shutdown()
    assert results and set(results) == {MetricExportResult.SUCCESS}, results


def observe(_):
    from opentelemetry.metrics import Observation

    return [Observation(1024)]


deltas = {kind: AggregationTemporality.DELTA for kind in (Counter, Histogram)}
native = {Histogram: ExponentialBucketHistogramAggregation()}
http = {"endpoint": URL + "/api/v1/otlp/v1/metrics", "certificate_file": CA, "headers": {"authorization": AUTHORIZATION}}
opentelemetry("otlp-http", HttpExporter(**http))
opentelemetry(
    "otlp-http-deltas",
    HttpExporter(**http, compression=Compression.Gzip, preferred_temporality=deltas, preferred_aggregation=native),
)
with open(CA, "rb") as file:
    trusted = grpc.ssl_channel_credentials(root_certificates=file.read())
opentelemetry(
    "otlp-grpc", GrpcExporter(endpoint=URL, credentials=trusted, headers=(("authorization", AUTHORIZATION),))
)

with InfluxDBClient(url=URL, token=os.environ["CROWSNEST_TOKEN"], org="o", ssl_ca_cert=CA, enable_gzip=True) as client:
    point = Point("cpu load").tag("host", "n1").field("user", 1.5).field("up", True).field("note", "text")
    client.write_api(write_options=SYNCHRONOUS).write(bucket="telegraf", record=point)


def handler(url, method, timeout, headers, data):
    def send():
        request = urllib.request.Request(url, data=data, method=method)
        for name, value in [*headers, ("Authorization", AUTHORIZATION)]:
            request.add_header(name, value)
        urllib.request.urlopen(request, timeout=timeout, context=ssl.create_default_context(cafile=CA))

    return send


def registry(**gauges):
    registry = CollectorRegistry()
    for name, value in gauges.items():
        Gauge(name, "What it is.", registry=registry).set(value)
    return registry


key = {"gateway": URL, "job": "backup", "grouping_key": {"path": "/data"}, "handler": handler}
push_to_gateway(registry=registry(backup_bytes=5, backup_files=2), **key)
pushadd_to_gateway(registry=registry(backup_files=3), **key)
gone = key | {"job": "gone"}
push_to_gateway(registry=registry(gone_bytes=1), **gone)
delete_from_gateway(**gone)
print("all senders were answered")
