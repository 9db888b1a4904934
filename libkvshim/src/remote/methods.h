// Methods of etcd's gRPC API by their paths.
#pragma once

namespace kvshim::remote {

inline constexpr char kAuthenticate[] = "/etcdserverpb.Auth/Authenticate";
inline constexpr char kRange[] = "/etcdserverpb.KV/Range";
inline constexpr char kPut[] = "/etcdserverpb.KV/Put";
inline constexpr char kDeleteRange[] = "/etcdserverpb.KV/DeleteRange";
inline constexpr char kTxn[] = "/etcdserverpb.KV/Txn";
inline constexpr char kCompact[] = "/etcdserverpb.KV/Compact";
inline constexpr char kLeaseGrant[] = "/etcdserverpb.Lease/LeaseGrant";
inline constexpr char kLeaseRevoke[] = "/etcdserverpb.Lease/LeaseRevoke";
inline constexpr char kLeaseKeepAlive[] = "/etcdserverpb.Lease/LeaseKeepAlive";
inline constexpr char kLeaseTimeToLive[] = "/etcdserverpb.Lease/LeaseTimeToLive";
inline constexpr char kLeaseLeases[] = "/etcdserverpb.Lease/LeaseLeases";
inline constexpr char kStatus[] = "/etcdserverpb.Maintenance/Status";
inline constexpr char kAlarm[] = "/etcdserverpb.Maintenance/Alarm";
inline constexpr char kDefragment[] = "/etcdserverpb.Maintenance/Defragment";
inline constexpr char kHashKv[] = "/etcdserverpb.Maintenance/HashKV";
inline constexpr char kSnapshot[] = "/etcdserverpb.Maintenance/Snapshot";
inline constexpr char kWatch[] = "/etcdserverpb.Watch/Watch";

}  // namespace kvshim::remote
