import type { Registry } from '#lib/metrics/registry.ts'
import type { PodSecurityEvaluation } from './pod-security.ts'

/** Counts the decisions of PodSecurity under the reference's names. */
export function createPodSecurityMetrics(registry: Registry): (evaluation: PodSecurityEvaluation) => void {
  const evaluations = registry.counter({
    name: 'pod_security_evaluations_total',
    help: 'Pods and templates held to the Pod Security Standards, by what came of it.',
    stability: 'ALPHA',
    labels: ['decision', 'policy_level', 'policy_version', 'mode', 'request_operation', 'resource', 'subresource'],
  })
  const exemptions = registry.counter({
    name: 'pod_security_exemptions_total',
    help: 'Writes that the Pod Security Standards are not applied to.',
    stability: 'ALPHA',
    labels: ['request_operation', 'resource', 'subresource'],
  })
  const errors = registry.counter({
    name: 'pod_security_errors_total',
    help: 'Writes whose namespace has labels that name no policy.',
    stability: 'ALPHA',
    labels: ['fatal', 'request_operation', 'resource', 'subresource'],
  })
  return ({ decision, mode, standard, operation, resource, subresource }) => {
    const request = operation.toLowerCase()
    if (decision === 'exempt') exemptions.of(request, resource, subresource).inc()
    else if (decision === 'error') errors.of('false', request, resource, subresource).inc()
    else {
      const { level, version } = standard
      const shown = version === 'latest' ? 'latest' : `v1.${version}`
      evaluations.of(decision, level, shown, mode, request, resource, subresource).inc()
    }
  }
}
