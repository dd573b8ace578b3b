import type { APIServiceCondition, APIServiceSpec } from '#api/apiregistration/v1/types.ts'
import type { Service } from '#api/core/v1/types.ts'
import type { EndpointSlice } from '#api/discovery/v1/types.ts'

/** Whether the server behind a group version can be reached, and why not. */
export type Availability = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>

/** Of a group version that the server serves itself, or nobody. */
export const localAvailability: Availability = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
}

/**
 * What the objects alone tell of the Service behind a group version; undefined where nothing stands against it, so that only asking the
 * server itself can tell more. Reasons and words are the reference's, which clients wait for (`kubectl wait --for=condition=Available`).
 */
export function serviceAvailability(
  { service: target }: Pick<APIServiceSpec, 'service'>,
  service: Pick<Service, 'spec'> | undefined,
  slices: readonly EndpointSlice[],
): Availability | undefined {
  if (target === undefined) return undefined
  const what = `service/${target.name ?? ''} in ${JSON.stringify(target.namespace ?? '')}`
  const unavailable = (reason: string, message: string): Availability => ({ status: 'False', reason, message })
  if (service === undefined) return unavailable('ServiceNotFound', `${what} is not present`)
  // Only a Service with an address of its own says which ports it listens on.
  if (service.spec.type !== 'ClusterIP') return undefined
  const port = (service.spec.ports ?? []).find((one) => one.port === target.port)
  if (port === undefined) return unavailable('ServicePortError', `${what} is not listening on port ${target.port}`)
  if (slices.length === 0) return unavailable('EndpointsNotFound', `cannot find endpointslices for ${what}`)
  const name = port.name ?? ''
  const isReady = slices.some(
    ({ ports, endpoints }) =>
      (ports ?? []).some((one) => (one.name ?? '') === name) && (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false),
  )
  return isReady
    ? undefined
    : unavailable('MissingEndpoints', `endpointslices for ${what} have no addresses with port name ${JSON.stringify(name)}`)
}
