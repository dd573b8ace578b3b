import type { Registry } from '#lib/metrics/registry.ts'
import type { PodCertificates } from './pod-certificates.ts'

/** The reference's `kubelet_pod_certificate_states`: read when somebody wants to know. */
export function observePodCertificates(registry: Registry, certificates: PodCertificates): void {
  registry.observed(
    {
      name: 'kubelet_pod_certificate_states',
      help: 'Certificates that the kubelet keeps for sources of projected volumes, by signer and state.',
      stability: 'ALPHA',
      type: 'gauge',
      labels: ['signer_name', 'state'],
    },
    () => certificates.states().map(({ signerName, state, count }) => ({ labels: [signerName, state], value: count })),
  )
}
