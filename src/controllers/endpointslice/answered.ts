import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from '#loop/controller.ts'
import { isNamespaceTerminating } from '#loop/namespace-terminating.ts'
import { keyOf } from '../common/key.ts'
import type { EndpointSliceView } from './plan.ts'

/** What could not be written, told of on the service. */
export function afterSliceAnswer({ service }: EndpointSliceView, command: Command, answer: KubeObject | WherryError): readonly Command[] {
  if (!(answer instanceof WherryError) || isNamespaceTerminating(answer)) return []
  const place = keyOf(service)
  const what = whatFailed(command, place)
  if (what === undefined) return []
  const message = `Error updating Endpoint Slices for Service ${place}: ${what}: ${answer.message}`
  return [{ do: 'event', regarding: service, type: 'Warning', reason: 'FailedToUpdateEndpointSlices', message }]
}

function whatFailed(command: Command, service: string): string | undefined {
  switch (command.do) {
    case 'create':
      return `failed to create EndpointSlice for Service ${service}`
    case 'update':
      return `failed to update ${command.object.metadata.name} EndpointSlice for Service ${service}`
    case 'delete':
      return `failed to delete ${command.name} EndpointSlice for Service ${service}`
    default:
      return undefined
  }
}
