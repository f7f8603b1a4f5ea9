"""What a program in Python does with a cluster: each block fails loudly if the answer is not what it has to be."""

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()
batch = "batch"


def refused(code, reason, call):
    try:
        call()
    except ApiException as problem:
        assert (problem.status, problem.reason) == (code, reason), problem
    else:
        raise AssertionError(f"not refused with {code}")


# Discovery and lists, page by page.
assert client.VersionApi().get_code().major == "1"
nodes = core.list_node().items
assert len(nodes) == 5 and nodes[0].status.node_info.kubelet_version.startswith("v1.")
page = core.list_pod_for_all_namespaces(limit=10)
names = [pod.metadata.name for pod in page.items]
while page.metadata._continue:
    page = core.list_pod_for_all_namespaces(limit=10, _continue=page.metadata._continue)
    names += [pod.metadata.name for pod in page.items]
assert len(names) == len(set(names)) > 50, len(names)
assert all(pod.metadata.labels["app"] == "web" for pod in core.list_namespaced_pod("shop", label_selector="app=web").items)

# One object from its making to its end, watched.
start = core.list_namespaced_config_map(batch).metadata.resource_version
made = core.create_namespaced_config_map(batch, {"metadata": {"generateName": "py-"}, "data": {"a": "1"}})
name = made.metadata.name
refused(409, "Conflict", lambda: core.create_namespaced_config_map(batch, {"metadata": {"name": name}}))
patched = core.patch_namespaced_config_map(name, batch, {"data": {"b": "2"}})
assert patched.data == {"a": "1", "b": "2"}
patched.data["c"] = "3"
core.replace_namespaced_config_map(name, batch, patched)
refused(409, "Conflict", lambda: core.replace_namespaced_config_map(name, batch, patched))
core.delete_namespaced_config_map(name, batch)
refused(404, "Not Found", lambda: core.read_namespaced_config_map(name, batch))
events = watch.Watch().stream(core.list_namespaced_config_map, batch, resource_version=start, timeout_seconds=2)
assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]

# Scale, custom objects, access, tokens, logs.
assert apps.read_namespaced_deployment_scale("cart", "shop").spec.replicas == 4
apps.patch_namespaced_deployment_scale("cart", "shop", {"spec": {"replicas": 5}})
assert apps.read_namespaced_deployment("cart", "shop").spec.replicas == 5
widgets = client.CustomObjectsApi()
widgets.patch_namespaced_custom_object("example.org", "v1", "shop", "widgets", "gear", {"spec": {"size": 4}})
assert widgets.list_namespaced_custom_object("example.org", "v1", "shop", "widgets")["items"][0]["spec"]["size"] == 4
review = client.AuthorizationV1Api().create_self_subject_access_review(
    {"spec": {"resourceAttributes": {"verb": "delete", "resource": "nodes"}}}
)
assert review.status.allowed
token = core.create_namespaced_service_account_token("viewer", "shop", {"spec": {"audiences": [], "expirationSeconds": 600}})
assert token.status.token.count(".") == 2
viewer = client.CoreV1Api(config.new_client_from_config("viewer"))
assert viewer.list_namespaced_pod("shop").items
refused(403, "Forbidden", viewer.list_node)
for event in watch.Watch().stream(core.list_namespaced_pod, "shop", label_selector="app=web", timeout_seconds=30):
    if event["object"].status.phase == "Running":
        pod = event["object"].metadata.name
        break
assert core.read_namespaced_pod_log(pod, "shop", tail_lines=1).count("\n") == 1

# Commands in a container.
session = stream(
    core.connect_get_namespaced_pod_exec, pod, "shop", command=["sh", "-c", "echo out; cat /nope; exit 3"],
    stdout=True, stderr=True, stdin=False, tty=False, _preload_content=False,
)
session.run_forever(timeout=30)
assert session.read_stdout() == "out\n"
assert "No such file" in session.read_stderr()
assert session.returncode == 3

print("all is well")
