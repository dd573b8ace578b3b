import type { Registry } from '#lib/metrics/registry.ts'
import type { ObserveCall } from './csi-drivers.ts'

/** Counts calls to drivers in `csi_operations_seconds`, as the reference's kubelet. */
export function csiMetrics(registry: Registry): ObserveCall {
  const seconds = registry.histogram({
    name: 'csi_operations_seconds',
    help: 'Container Storage Interface operation duration with gRPC error code status total',
    stability: 'ALPHA',
    labels: ['driver_name', 'method_name', 'grpc_status_code', 'migrated'],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600],
  })
  // In-tree volumes that a driver took over are those of the driver here from the start.
  return ({ driver, method, code, seconds: took }) => seconds.of(driver, method, code, 'false').observe(took)
}
