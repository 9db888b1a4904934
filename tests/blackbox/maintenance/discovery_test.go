package maintenance

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestHealthServiceSaysServing(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	health := grpc_health_v1.NewHealthClient(s.Connection(t))
	got := expect.Value(health.Check(ctx, &grpc_health_v1.HealthCheckRequest{}))(t)
	expect.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, got.Status)
	watch := expect.Value(health.Watch(ctx, &grpc_health_v1.HealthCheckRequest{}))(t)
	first := expect.Value(watch.Recv())(t)
	expect.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, first.Status)
	_, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "no.such.Service"})
	code, _ := expect.Split(err)
	expect.Equal(t, codes.NotFound, code)
}

func TestReflectionListsTheServices(t *testing.T) {
	server.OnlyKvshim(t, "3.4 has no reflection")
	s := server.Start(t)
	ctx := server.Context(t)
	stream := expect.Value(grpc_reflection_v1alpha.NewServerReflectionClient(s.Connection(t)).
		ServerReflectionInfo(ctx))(t)
	ask := func(request *grpc_reflection_v1alpha.ServerReflectionRequest) *grpc_reflection_v1alpha.ServerReflectionResponse {
		expect.NoError(t, stream.Send(request))
		return expect.Value(stream.Recv())(t)
	}
	list := ask(&grpc_reflection_v1alpha.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1alpha.ServerReflectionRequest_ListServices{}})
	listed := map[string]bool{}
	for _, service := range list.GetListServicesResponse().GetService() {
		listed[service.Name] = true
	}
	for _, want := range []string{"etcdserverpb.KV", "etcdserverpb.Watch", "etcdserverpb.Lease",
		"etcdserverpb.Cluster", "etcdserverpb.Maintenance", "grpc.health.v1.Health"} {
		expect.True(t, listed[want], want, " is not among ", listed)
	}
	symbol := ask(&grpc_reflection_v1alpha.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1alpha.ServerReflectionRequest_FileContainingSymbol{
			FileContainingSymbol: "etcdserverpb.KV"}})
	expect.True(t, len(symbol.GetFileDescriptorResponse().GetFileDescriptorProto()) > 0,
		"the descriptor of a service")
}
