// The table behind DefaultRoles: one role after the other, each with its rules, then the bindings.
//
//   role NAME [to ROLE]              a ClusterRole; with "to", its rules are aggregated to that
//   role aggregate NAME                   a ClusterRole that has the rules of those that say "to
//   NAME" local NAMESPACE NAME             a Role VERBS GROUPS RESOURCES [NAMES]   a rule; "core"
//   is the core group VERBS path URLS bind NAME ROLE SUBJECTS          a ClusterRoleBinding;
//   G:group, U:user, S:namespace/account bindin NAMESPACE NAME KIND ROLE SUBJECTS
#pragma once

namespace kvplane::auth {

inline constexpr const char* kDefaultRoles = R"(
role cluster-admin
* * *
* path *
role system:discovery
get path /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/
role system:basic-user
create authorization.k8s.io selfsubjectaccessreviews,selfsubjectrulesreviews
create authentication.k8s.io selfsubjectreviews
role system:public-info-viewer
get path /healthz,/livez,/readyz,/version,/version/
role system:monitoring
get path /healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*
role system:service-account-issuer-discovery
get path /.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/
role system:auth-delegator
create authentication.k8s.io tokenreviews
create authorization.k8s.io subjectaccessreviews
role system:node-bootstrapper
create,get,list,watch certificates.k8s.io certificatesigningrequests
role system:certificates.k8s.io:certificatesigningrequests:nodeclient
create certificates.k8s.io certificatesigningrequests/nodeclient
role system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
create certificates.k8s.io certificatesigningrequests/selfnodeclient
role system:certificates.k8s.io:kube-apiserver-client-approver
approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client
role system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client-kubelet
role system:certificates.k8s.io:kubelet-serving-approver
approve certificates.k8s.io signers kubernetes.io/kubelet-serving
role system:certificates.k8s.io:legacy-unknown-approver
approve certificates.k8s.io signers kubernetes.io/legacy-unknown
role system:persistent-volume-provisioner
get,list,watch,create,delete core persistentvolumes
get,list,watch,update core persistentvolumeclaims
get,list,watch storage.k8s.io storageclasses
watch,create,update,patch core events
role system:kubelet-api-admin
get,list,watch core nodes
proxy core nodes
* core nodes/proxy,nodes/log,nodes/stats,nodes/metrics,nodes/spec,nodes/configz,nodes/healthz,nodes/pods
role system:node-problem-detector
get core nodes
patch core nodes/status
create,patch,update core events
create,patch,update events.k8s.io events
role system:node-proxier
list,watch core services,endpoints
get,list,watch core nodes
create,patch,update core,events.k8s.io events
list,watch discovery.k8s.io endpointslices
list,watch networking.k8s.io servicecidrs
role system:kube-dns
list,watch core endpoints,services
role system:kube-aggregator
get,list,watch core services,endpoints
role system:kube-scheduler
create,patch,update core,events.k8s.io events
create,get,list,update,watch coordination.k8s.io leases
get,list,watch core nodes
delete,get,list,watch core pods
create core bindings,pods/binding
patch,update core pods/status
get,list,watch core replicationcontrollers,services
get,list,watch apps,extensions replicasets
get,list,watch apps statefulsets
get,list,watch policy poddisruptionbudgets
get,list,watch core persistentvolumeclaims,persistentvolumes
create authentication.k8s.io tokenreviews
create authorization.k8s.io subjectaccessreviews
get,list,watch storage.k8s.io csinodes,csidrivers,csistoragecapacities,storageclasses,volumeattachments
get,list,watch core namespaces
get,list,watch resource.k8s.io deviceclasses,resourceslices
get,list,watch,patch,update resource.k8s.io resourceclaims
patch,update resource.k8s.io resourceclaims/status
role system:volume-scheduler
get,list,patch,update,watch core persistentvolumes
get,list,watch storage.k8s.io storageclasses
get,list,patch,update,watch core persistentvolumeclaims
role system:kube-controller-manager
create,patch,update core,events.k8s.io events
create,get,list,update,watch coordination.k8s.io leases
create core secrets,serviceaccounts
delete core secrets
get core configmaps,namespaces,secrets,serviceaccounts
update core secrets,serviceaccounts
create authentication.k8s.io tokenreviews
create authorization.k8s.io subjectaccessreviews
list,watch * *
create core serviceaccounts/token
role system:node
create authentication.k8s.io tokenreviews
create authorization.k8s.io localsubjectaccessreviews,subjectaccessreviews
get,list,watch core services
create,get,list,watch core nodes
patch,update core nodes/status
patch,update core nodes
create,patch,update core,events.k8s.io events
get,list,watch core pods
create,delete core pods
patch,update core pods/status
create core pods/eviction
get,list,watch core configmaps,secrets
get core persistentvolumeclaims,persistentvolumes
patch,update core persistentvolumeclaims/status
get core endpoints
create,get,list,watch certificates.k8s.io certificatesigningrequests
create,delete,get,patch,update coordination.k8s.io leases
get storage.k8s.io volumeattachments
create core serviceaccounts/token
get,list,watch storage.k8s.io csidrivers
create,delete,get,patch,update storage.k8s.io csinodes
get,list,watch node.k8s.io runtimeclasses
get resource.k8s.io resourceclaims
deletecollection,create,delete,get,list,patch,update,watch resource.k8s.io resourceslices
role system:controller:certificate-controller
delete,get,list,watch certificates.k8s.io certificatesigningrequests
update certificates.k8s.io certificatesigningrequests/approval,certificatesigningrequests/status
approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client-kubelet
sign certificates.k8s.io signers kubernetes.io/kube-apiserver-client,kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/kubelet-serving,kubernetes.io/legacy-unknown
create authorization.k8s.io subjectaccessreviews
create,patch,update core,events.k8s.io events
role system:controller:clusterrole-aggregation-controller
escalate,get,list,patch,update,watch rbac.authorization.k8s.io clusterroles
role system:controller:cronjob-controller
get,list,update,watch batch cronjobs
create,delete,get,list,patch,update,watch batch jobs
update batch cronjobs/status
update batch cronjobs/finalizers
delete,list core pods
create,patch,update core,events.k8s.io events
role system:controller:daemon-set-controller
get,list,watch apps,extensions daemonsets
update apps,extensions daemonsets/status
update apps,extensions daemonsets/finalizers
list,watch core nodes
create,delete,list,patch,watch core pods
create core pods/binding
create,delete,get,list,patch,update,watch apps controllerrevisions
create,patch,update core,events.k8s.io events
role system:controller:deployment-controller
get,list,update,watch apps,extensions deployments
update apps,extensions deployments/status
update apps,extensions deployments/finalizers
create,delete,get,list,patch,update,watch apps,extensions replicasets
get,list,update,watch core pods
create,patch,update core,events.k8s.io events
role system:controller:disruption-controller
get,list,watch apps,extensions deployments
get,list,watch apps,extensions replicasets
get,list,watch core replicationcontrollers
get,list,watch policy poddisruptionbudgets
get,list,watch apps statefulsets
update policy poddisruptionbudgets/status
patch,update core pods/status
get * */scale
create,patch,update core,events.k8s.io events
role system:controller:endpoint-controller
get,list,watch core pods,services
create,delete,get,list,update core endpoints
create core endpoints/restricted
create,patch,update core,events.k8s.io events
role system:controller:endpointslice-controller
get,list,watch core nodes,pods,services
update core services/finalizers
create,delete,get,list,update discovery.k8s.io endpointslices
create,patch,update core,events.k8s.io events
role system:controller:endpointslicemirroring-controller
get,list,watch core endpoints,services
update core endpoints/finalizers,services/finalizers
create,delete,get,list,update discovery.k8s.io endpointslices
create discovery.k8s.io endpointslices/restricted
create,patch,update core,events.k8s.io events
role system:controller:generic-garbage-collector
delete,get,list,patch,update,watch * *
create,patch,update core,events.k8s.io events
role system:controller:horizontal-pod-autoscaler
get,list,watch autoscaling horizontalpodautoscalers
update autoscaling horizontalpodautoscalers/status
get,update * */scale
list core pods
list metrics.k8s.io pods
get,list custom.metrics.k8s.io *
get,list external.metrics.k8s.io *
create,patch,update core,events.k8s.io events
role system:controller:job-controller
get,list,patch,update,watch batch jobs
update batch jobs/status
update batch jobs/finalizers
create,delete,list,patch,watch core pods
create,patch,update core,events.k8s.io events
role system:controller:namespace-controller
delete,get,list,watch core namespaces
update core namespaces/finalize,namespaces/status
delete,deletecollection,get,list * *
role system:controller:node-controller
delete,get,list,patch,update core nodes
patch,update core nodes/status
patch,update core pods/status
delete,get,list core pods
create,patch,update core,events.k8s.io events
role system:controller:pod-garbage-collector
delete,list,watch core pods
get,list core nodes
patch,update core pods/status
role system:controller:replicaset-controller
get,list,update,watch apps,extensions replicasets
update apps,extensions replicasets/status
update apps,extensions replicasets/finalizers
create,delete,list,patch,watch core pods
create,patch,update core,events.k8s.io events
role system:controller:replication-controller
get,list,update,watch core replicationcontrollers
update core replicationcontrollers/status
update core replicationcontrollers/finalizers
create,delete,list,patch,watch core pods
create,patch,update core,events.k8s.io events
role system:controller:resourcequota-controller
list,watch * *
update core resourcequotas/status
create,patch,update core,events.k8s.io events
role system:controller:root-ca-cert-publisher
create,update core configmaps
create,patch,update core,events.k8s.io events
role system:controller:service-account-controller
create core serviceaccounts
create,patch,update core,events.k8s.io events
role system:controller:statefulset-controller
list,watch core pods
get,list,watch apps statefulsets
update apps statefulsets/status
update apps statefulsets/finalizers
create,delete,get,patch,update core pods
create,delete,get,list,patch,update,watch apps controllerrevisions
create,get core persistentvolumeclaims
delete,update core persistentvolumeclaims
create,patch,update core,events.k8s.io events
role system:controller:ttl-after-finished-controller
delete,get,list,watch batch jobs
create,patch,update core,events.k8s.io events
role system:aggregate-to-view to view
get,list,watch core configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status
get,list,watch core bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status
get,list,watch core namespaces
get,list,watch discovery.k8s.io endpointslices
get,list,watch apps controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status
get,list,watch autoscaling horizontalpodautoscalers,horizontalpodautoscalers/status
get,list,watch batch cronjobs,cronjobs/status,jobs,jobs/status
get,list,watch extensions daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale
get,list,watch policy poddisruptionbudgets,poddisruptionbudgets/status
get,list,watch networking.k8s.io ingresses,ingresses/status,networkpolicies
get,list,watch resource.k8s.io resourceclaims,resourceclaims/status,resourceclaimtemplates
role system:aggregate-to-edit to edit
get,list,watch core pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy
impersonate core serviceaccounts
create,delete,deletecollection,patch,update core pods,pods/attach,pods/exec,pods/portforward,pods/proxy
create core pods/eviction
create,delete,deletecollection,patch,update core configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy
create core serviceaccounts/token
create,delete,deletecollection,patch,update apps daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale
create,delete,deletecollection,patch,update autoscaling horizontalpodautoscalers
create,delete,deletecollection,patch,update batch cronjobs,jobs
create,delete,deletecollection,patch,update extensions daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale
create,delete,deletecollection,patch,update policy poddisruptionbudgets
create,delete,deletecollection,patch,update networking.k8s.io ingresses,networkpolicies
create,delete,deletecollection,get,list,patch,update,watch coordination.k8s.io leases
create,delete,deletecollection,patch,update resource.k8s.io resourceclaims,resourceclaimtemplates
role system:aggregate-to-admin to admin
create authorization.k8s.io localsubjectaccessreviews
create,delete,deletecollection,get,list,patch,update,watch rbac.authorization.k8s.io rolebindings,roles
aggregate view
aggregate edit
aggregate admin
local kube-system extension-apiserver-authentication-reader
get,list,watch core configmaps extension-apiserver-authentication
local kube-system system::leader-locking-kube-controller-manager
watch core configmaps
get,update core configmaps kube-controller-manager
local kube-system system::leader-locking-kube-scheduler
watch core configmaps
get,update core configmaps kube-scheduler
local kube-system system:controller:bootstrap-signer
get,list,watch core secrets
local kube-public system:controller:bootstrap-signer
get,list,watch core configmaps
update core configmaps cluster-info
create,patch,update core events
bind cluster-admin cluster-admin G:system:masters
bind system:monitoring system:monitoring G:system:monitoring
bind system:discovery system:discovery G:system:authenticated
bind system:basic-user system:basic-user G:system:authenticated
bind system:public-info-viewer system:public-info-viewer G:system:authenticated,G:system:unauthenticated
bind system:service-account-issuer-discovery system:service-account-issuer-discovery G:system:serviceaccounts
bind system:node-proxier system:node-proxier U:system:kube-proxy
bind system:kube-controller-manager system:kube-controller-manager U:system:kube-controller-manager
bind system:kube-dns system:kube-dns S:kube-system/kube-dns
bind system:kube-scheduler system:kube-scheduler U:system:kube-scheduler
bind system:volume-scheduler system:volume-scheduler U:system:kube-scheduler
bind system:node system:node -
bind system:controller:certificate-controller system:controller:certificate-controller S:kube-system/certificate-controller
bind system:controller:clusterrole-aggregation-controller system:controller:clusterrole-aggregation-controller S:kube-system/clusterrole-aggregation-controller
bind system:controller:cronjob-controller system:controller:cronjob-controller S:kube-system/cronjob-controller
bind system:controller:daemon-set-controller system:controller:daemon-set-controller S:kube-system/daemon-set-controller
bind system:controller:deployment-controller system:controller:deployment-controller S:kube-system/deployment-controller
bind system:controller:disruption-controller system:controller:disruption-controller S:kube-system/disruption-controller
bind system:controller:endpoint-controller system:controller:endpoint-controller S:kube-system/endpoint-controller
bind system:controller:endpointslice-controller system:controller:endpointslice-controller S:kube-system/endpointslice-controller
bind system:controller:endpointslicemirroring-controller system:controller:endpointslicemirroring-controller S:kube-system/endpointslicemirroring-controller
bind system:controller:generic-garbage-collector system:controller:generic-garbage-collector S:kube-system/generic-garbage-collector
bind system:controller:horizontal-pod-autoscaler system:controller:horizontal-pod-autoscaler S:kube-system/horizontal-pod-autoscaler
bind system:controller:job-controller system:controller:job-controller S:kube-system/job-controller
bind system:controller:namespace-controller system:controller:namespace-controller S:kube-system/namespace-controller
bind system:controller:node-controller system:controller:node-controller S:kube-system/node-controller
bind system:controller:pod-garbage-collector system:controller:pod-garbage-collector S:kube-system/pod-garbage-collector
bind system:controller:replicaset-controller system:controller:replicaset-controller S:kube-system/replicaset-controller
bind system:controller:replication-controller system:controller:replication-controller S:kube-system/replication-controller
bind system:controller:resourcequota-controller system:controller:resourcequota-controller S:kube-system/resourcequota-controller
bind system:controller:root-ca-cert-publisher system:controller:root-ca-cert-publisher S:kube-system/root-ca-cert-publisher
bind system:controller:service-account-controller system:controller:service-account-controller S:kube-system/service-account-controller
bind system:controller:statefulset-controller system:controller:statefulset-controller S:kube-system/statefulset-controller
bind system:controller:ttl-after-finished-controller system:controller:ttl-after-finished-controller S:kube-system/ttl-after-finished-controller
bindin kube-system system::extension-apiserver-authentication-reader Role extension-apiserver-authentication-reader U:system:kube-controller-manager,U:system:kube-scheduler
bindin kube-system system::leader-locking-kube-controller-manager Role system::leader-locking-kube-controller-manager U:system:kube-controller-manager,S:kube-system/kube-controller-manager
bindin kube-system system::leader-locking-kube-scheduler Role system::leader-locking-kube-scheduler U:system:kube-scheduler,S:kube-system/kube-scheduler
bindin kube-system system:controller:bootstrap-signer Role system:controller:bootstrap-signer S:kube-system/bootstrap-signer
bindin kube-public system:controller:bootstrap-signer Role system:controller:bootstrap-signer S:kube-system/bootstrap-signer
)";

}  // namespace kvplane::auth
