import { Endpoints } from '#api/core/v1/endpoints.ts'
import { apiVersionOf, type KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from '#loop/controller.ts'
import { isNamespaceTerminating } from '#loop/namespace-terminating.ts'
import type { EndpointsView } from './plan.ts'

/** What could not be written, told of on the Endpoints, be they there or not. */
export function afterEndpointsAnswer(
  { service, endpoints }: EndpointsView,
  command: Command,
  answer: KubeObject | WherryError,
): readonly Command[] {
  if (!(answer instanceof WherryError) || isNamespaceTerminating(answer) || service === undefined) return []
  if (command.do !== 'create' && command.do !== 'update') return []
  const { name, namespace } = service.metadata
  const absent: KubeObject = {
    apiVersion: apiVersionOf(Endpoints),
    kind: Endpoints.kind,
    metadata: { name, namespace, uid: '', resourceVersion: '', creationTimestamp: '' },
  }
  const [reason, what] =
    command.do === 'create' ? ['FailedToCreateEndpoint', 'create endpoint for service'] : ['FailedToUpdateEndpoint', 'update endpoint']
  const message = `Failed to ${what} ${namespace}/${name}: ${answer.message}`
  return [{ do: 'event', regarding: endpoints ?? absent, type: 'Warning', reason, message }]
}
