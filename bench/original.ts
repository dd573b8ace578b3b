/**
 * What the original did, to be read beside ours: Kubernetes v1.36.3 with etcd 3.6.8, kubeadm's default flags, TLS and RBAC, on 2 cores of an AMD
 * EPYC (virtual), 24 GiB, ext4, Linux 6.18; the better of three runs each. Server, etcd and driver shared the two cores, as ours do. On another
 * machine a ratio to these says nothing.
 */
/** Of the machine that the figures below come from. */
export const originalProcessor = { model: /AMD EPYC/, cores: 2 }

export const original = {
  createConfigMap: { 1: 672, 16: 1_688, 64: 1_936 },
  updateLease: { 1: 670, 16: 1_614, 64: 1_821 },
  createPod: { 16: 1_000, 64: 1_015 },
  getPod: { 1: 962, 16: 2_751, 64: 3_220 },
  list10000JsonMs: 729,
  list10000TableMs: 331,
  watch1000x20P50Ms: 12.5,
  residentMb: 494,
  residentWith10000PodsMb: 1_671,
  /** Processor time while nothing happens, in percent of one. */
  idleCpuPercent: 2.5,
  /** API server, etcd, controller manager and scheduler over kept data until /readyz: no node, no container. */
  readyKeptMs: 2_290,
} as const
