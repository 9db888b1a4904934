package kubectl

import (
	"strings"
	"testing"
	"time"
)

const ready = `{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True",` +
	`"lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`

// KeepReady does what nodes would until the test ends: pods that are new run and are ready.
func keepReady(t *testing.T, admin *Client) {
	t.Helper()
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			names, _ := admin.try("", "get", "pods", "--field-selector", "status.phase=Pending",
				"-o", "jsonpath={.items[*].metadata.name}")
			for _, name := range strings.Fields(names) {
				_, _ = admin.try("", "patch", "pod", name, "--subresource=status", "--type=merge", "-p", ready)
			}
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-ended })
}

func rolledOut(t *testing.T, admin *Client, what string) string {
	t.Helper()
	return admin.Run("rollout", "status", what, "--timeout", "30s")
}

func TestADeploymentIsRolledOutAndBack(t *testing.T) {
	admin := Start(t).Admin(t)
	keepReady(t, admin)
	image := []string{"get", "pods", "-o", "jsonpath={.items[*].spec.containers[0].image}"}
	admin.Run("create", "deployment", "web", "--image=nginx:1", "--replicas=2")
	Expect(t, rolledOut(t, admin, "deployment/web"), `deployment "web" successfully rolled out`)
	Expect(t, admin.Run("get", "deployment", "web"), "2/2")

	admin.Run("set", "image", "deployment/web", "nginx=nginx:2")
	Expect(t, rolledOut(t, admin, "deployment/web"), "successfully rolled out")
	if out := admin.Run(image...); out != "nginx:2 nginx:2" {
		t.Errorf("the pods run %s", out)
	}
	Expect(t, admin.Run("rollout", "history", "deployment/web"), "REVISION", "1 ", "2 ")
	Expect(t, admin.Run("rollout", "history", "deployment/web", "--revision=1"), "nginx:1")

	Expect(t, admin.Run("rollout", "undo", "deployment/web"), "rolled back")
	rolledOut(t, admin, "deployment/web")
	if out := admin.Run(image...); out != "nginx:1 nginx:1" {
		t.Errorf("rolled back the pods run %s", out)
	}
	Expect(t, admin.Run("rollout", "history", "deployment/web"), "2 ", "3 ")

	Expect(t, admin.Run("rollout", "restart", "deployment/web"), "restarted")
	rolledOut(t, admin, "deployment/web")
	Expect(t, admin.Run("get", "pods", "-o", "yaml"), "kubectl.kubernetes.io/restartedAt")

	admin.Run("rollout", "pause", "deployment/web")
	admin.Run("set", "image", "deployment/web", "nginx=nginx:3")
	admin.Run("scale", "deployment/web", "--replicas=3")
	admin.Eventually("3/3", "get", "deployment", "web")
	if out := admin.Run(image...); out != "nginx:1 nginx:1 nginx:1" {
		t.Errorf("while it is paused the pods run %s", out)
	}
	admin.Run("rollout", "resume", "deployment/web")
	rolledOut(t, admin, "deployment/web")
	if out := admin.Run(image...); out != "nginx:3 nginx:3 nginx:3" {
		t.Errorf("resumed the pods run %s", out)
	}
	Expect(t, admin.Run("describe", "deployment", "web"), "ScalingReplicaSet",
		"NewReplicaSetAvailable", "MinimumReplicasAvailable")
	admin.Run("delete", "deployment", "web", "--cascade=foreground", "--timeout=30s")
	admin.Eventually("No resources found", "get", "replicasets,pods")
}

func TestWhatWasOrphanedIsAdoptedAgain(t *testing.T) {
	admin := Start(t).Admin(t)
	keepReady(t, admin)
	create := []string{"create", "deployment", "web", "--image=nginx:1", "--replicas=2"}
	admin.Run(create...)
	rolledOut(t, admin, "deployment/web")
	names := []string{"get", "replicasets,pods", "-o", "name"}
	before := admin.Run(names...)
	admin.Run("delete", "deployment", "web", "--cascade=orphan")
	if left := admin.Run(names...); left != before {
		t.Errorf("of\n%s\nis left\n%s", before, left)
	}
	admin.Run(create...)
	rolledOut(t, admin, "deployment/web")
	uid := admin.Run("get", "deployment", "web", "-o", "jsonpath={.metadata.uid}")
	Expect(t, admin.Run("get", "replicasets", "-o",
		"jsonpath={.items[*].metadata.ownerReferences[*].uid}"), uid)
	if after := admin.Run(names...); after != before {
		t.Errorf("instead of\n%s\nthere is\n%s", before, after)
	}
}

const database = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "db:1"}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

func TestAStatefulSetIsRolledOutAndBack(t *testing.T) {
	admin := Start(t).Admin(t)
	keepReady(t, admin)
	admin.RunWith(database, "apply", "-f", "-")
	Expect(t, rolledOut(t, admin, "statefulset/db"), "roll out complete: 2 new pods")
	Expect(t, admin.Run("get", "pods,persistentvolumeclaims", "-o", "name"), "pod/db-0", "pod/db-1",
		"persistentvolumeclaim/data-db-0", "persistentvolumeclaim/data-db-1")
	// The server tells the kind of the claims' template, which kubectl takes for a difference.
	admin.RunWith(database, "apply", "-f", "-")
	if out := admin.Run("get", "statefulset", "db", "-o", "jsonpath={.metadata.generation}"); out != "1" {
		t.Errorf("applying it again made generation %s of it", out)
	}

	admin.Run("set", "image", "statefulset/db", "db=db:2")
	rolledOut(t, admin, "statefulset/db")
	image := []string{"get", "pods", "-o", "jsonpath={.items[*].spec.containers[0].image}"}
	if out := admin.Run(image...); out != "db:2 db:2" {
		t.Errorf("the pods run %s", out)
	}
	Expect(t, admin.Run("rollout", "history", "statefulset/db"), "1 ", "2 ")
	admin.Run("rollout", "undo", "statefulset/db")
	rolledOut(t, admin, "statefulset/db")
	if out := admin.Run(image...); out != "db:1 db:1" {
		t.Errorf("rolled back the pods run %s", out)
	}
}

func TestAJobRunsToItsCompletion(t *testing.T) {
	admin := Start(t).Admin(t)
	admin.Run("create", "job", "work", "--image=busybox")
	podName := func(job string) string {
		selector := []string{"get", "pods", "-l", "job-name=" + job, "-o", "name"}
		admin.Eventually("pod/", selector...)
		return admin.Run(selector...)
	}
	finish := func(job string) {
		admin.Run("patch", podName(job), "--subresource=status", "--type=merge", "-p",
			`{"status":{"phase":"Succeeded"}}`)
		admin.Run("wait", "--for=condition=complete", "job/"+job, "--timeout=30s")
	}
	finish("work")
	Expect(t, admin.Run("get", "job", "work"), "Complete", "1/1")
	Expect(t, admin.Run("describe", "job", "work"), "SuccessfulCreate", "Completed", "1 Succeeded")
	admin.Run("delete", "job", "work")
	admin.Eventually("No resources found", "get", "pods")

	admin.Run("create", "cronjob", "tick", "--image=busybox", "--schedule=@every 1s")
	admin.Eventually("job.batch/tick-", "get", "jobs", "-o", "name")
	admin.Run("patch", "cronjob", "tick", "-p", `{"spec":{"suspend":true}}`)
	job := strings.Fields(admin.Run("get", "jobs", "-o", "jsonpath={.items[*].metadata.name}"))[0]
	finish(job)
	admin.Eventually("SawCompletedJob", "describe", "cronjob", "tick")
	admin.Run("delete", "cronjob", "tick")
	admin.Eventually("No resources found", "get", "jobs,pods")
}
