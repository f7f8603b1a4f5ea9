{{/* What is the same in several templates, or would hide what a template is about. */}}

{{/* The server looks for rights in namespace crowsnest, and roles of the whole cluster have one name. */}}
{{- define "crowsnest.check" -}}
{{- if ne .Release.Namespace "crowsnest" -}}
{{- fail (printf "Crowsnest runs in namespace crowsnest, not in %s: add --namespace crowsnest" .Release.Namespace) -}}
{{- end -}}
{{- end -}}

{{- define "crowsnest.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Where and as what a pod runs; takes the values of server or agent, which have the same names. */}}
{{- define "crowsnest.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "crowsnest.pull" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The options that the server reads at its start, from ConfigMaps: by value and by the name of the ConfigMap. */}}
{{- define "crowsnest.settings" -}}
certificateSignIn: crowsnest-certificate-signin
apiserverSignOn: crowsnest-apiserver-signon
clusterMetricsSecrets: crowsnest-cluster-metrics-secrets
dashboardConfigMaps: crowsnest-dashboard-config-maps
lastLogs: crowsnest-last-logs
metricsApi: crowsnest-metrics-api
ruleObjects: crowsnest-rule-objects
scrapeMonitors: crowsnest-scrape-monitors
{{- end -}}

{{/* What a change restarts the server for: an option that is switched on or off. */}}
{{- define "crowsnest.switched-on" -}}
{{- $on := list -}}
{{- range $value, $map := include "crowsnest.settings" . | fromYaml -}}
{{- if (index $.Values $value).enabled }}{{ $on = append $on $value }}{{ end -}}
{{- end -}}
{{- join "," $on -}}
{{- end -}}

{{/* The right to act for some users and groups. Without names a rule would be the right to act for everybody, so no list gives no rule. */}}
{{- define "crowsnest.impersonate" -}}
{{- with .users }}
  - apiGroups: [""]
    resources: [users]
    resourceNames:
      {{- toYaml . | nindent 6 }}
      # kubeadm's administrator. With this line, whoever takes over the server can do what this user can, which is everything:
      # - kubernetes-admin
    verbs: [impersonate]
{{- end }}
{{- with .groups }}
  # Groups: each that one of these users is in has to be here, but for system:authenticated, or the user is refused. Those of a
  # certificate are its organizations (O).
  - apiGroups: [""]
    resources: [groups]
    resourceNames:
      {{- toYaml . | nindent 6 }}
      # That of kubeadm's administrator (system:masters before Kubernetes 1.29), with the same warning:
      # - kubeadm:cluster-admins
    verbs: [impersonate]
{{- end }}
{{- end -}}

{{/* The binding of a ClusterRole to the server's account, where both have one name. */}}
{{- define "crowsnest.bind" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ . }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ . }}
subjects:
  - kind: ServiceAccount
    name: crowsnest
    namespace: crowsnest
{{- end -}}

{{/* Reading how the API server's own certificates and those of clients are told from others. */}}
{{- define "crowsnest.read-authorities" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ . }}
  namespace: kube-system
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: extension-apiserver-authentication-reader
subjects:
  - kind: ServiceAccount
    name: crowsnest
    namespace: crowsnest
{{- end -}}
