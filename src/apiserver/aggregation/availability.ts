import { type Availability, localAvailability, serviceAvailability } from '#api/apiregistration/v1/availability.ts'
import type { APIService, APIServiceCondition } from '#api/apiregistration/v1/types.ts'
import type { EndpointSlice } from '#api/discovery/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Internals, Objects } from '../contract.ts'
import { type Extensions, hostOf } from './extension.ts'
import type { Registration, Registrations } from './registrations.ts'
import { createRounds } from './rounds.ts'

/** Which APIServices there are, how their servers are asked, and where the condition goes. */
export interface AvailabilityOptions {
  readonly objects: Objects
  readonly internals: Internals
  readonly clock: Clock
  readonly random: Random
  readonly registrations: Registrations
  /** Absent: there is no way out. */
  readonly extensions: Extensions | undefined
  /** Calls after a gap in what was told. */
  readonly onReload: (listener: () => void) => void
  /** An APIService became unavailable, for a metric. */
  readonly onUnavailable: (name: string, reason: string) => void
  readonly onFailure: (error: unknown) => void
}

/**
 * Says of each group version that another server serves whether that server can be reached, whenever its APIService, the Service or the
 * endpoints change, and every half minute, as networks fail without a word. Costs nothing while there is none. Of one that this server serves
 * itself it says always that it can be, whoever says otherwise. Returns how to stop.
 */
export function startAvailability(options: AvailabilityOptions): () => void {
  const { objects, internals, clock, registrations, extensions } = options
  const kind = objects.kindOf('apiregistration.k8s.io', 'apiservices')
  const serviceKind = objects.kindOf('', 'services')
  const sliceKind = objects.kindOf('discovery.k8s.io', 'endpointslices')
  if (kind === undefined || serviceKind === undefined || sliceKind === undefined) return () => {}
  const rounds = createRounds({
    clock,
    random: options.random,
    onFailure: options.onFailure,
    retryMs: 1000,
    retryMaxMs: recheckMs,
    run: async (name) => {
      const registration = registrations.of(name)
      if (registration === undefined) {
        await tell(name, localAvailability)
        return undefined
      }
      const { namespace, name: serviceName } = registration.service
      const slices = objects
        .list(sliceKind, namespace)
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === serviceName)
      const found = serviceAvailability(
        { service: registration.service },
        objects.get(serviceKind, serviceName, namespace) as never,
        slices as unknown as readonly EndpointSlice[],
      )
      await tell(name, found ?? (await ask(extensions, registration)))
      // What the objects alone say changes only with them.
      return found === undefined ? recheckMs : undefined
    },
  })

  async function tell(name: string, wanted: Availability): Promise<void> {
    const service = objects.get(kind!, name) as APIService | undefined
    // Gone, or another's, since it was looked at.
    if (service === undefined || isLocal(service) !== (wanted === localAvailability)) return
    const was = conditionOf(service)
    if (was?.status === wanted.status && was.reason === wanted.reason && was.message === wanted.message) return
    if (was?.status === 'True' && wanted.status !== 'True') options.onUnavailable(name, wanted.reason ?? '')
    // The time is that of the last change of the status itself.
    const lastTransitionTime = was?.status === wanted.status ? was.lastTransitionTime : rfc3339(clock.now())
    const condition: APIServiceCondition = { ...wanted, type: 'Available', lastTransitionTime }
    try {
      await internals.update(kind!, name, undefined, (object) => withCondition(object, condition), {
        asPart: true,
        subresource: 'status',
        owned: true,
      })
    } catch (error) {
      // It was deleted in between: there is nobody to tell.
      if (!isError(error, 'NotFound')) throw error
    }
  }

  function lookAt(namespace: string | undefined, service: string | undefined): void {
    for (const { name, service: target } of registrations.all)
      if (target.name === service && target.namespace === namespace) rounds.look(name)
  }

  const stops = [
    registrations.onChange((name, what) => {
      if (registrations.of(name) === undefined) rounds.forget(name)
      // Conditions are what is said here: looking again for each would never end where the words differ each time.
      else if (what === 'registration') rounds.look(name)
    }),
    objects.observe(kind, (object, change) => {
      const service = object as unknown as APIService
      if (change === 'put' && isLocal(service) && conditionOf(service)?.reason !== localAvailability.reason)
        rounds.look(object.metadata.name)
    }),
    objects.observe(serviceKind, ({ metadata }) => lookAt(metadata.namespace, metadata.name)),
    objects.observe(sliceKind, ({ metadata }) => lookAt(metadata.namespace, metadata.labels?.['kubernetes.io/service-name'])),
    rounds.close,
  ]
  const lookAtAll = (): void => {
    for (const { name } of registrations.all) rounds.look(name)
  }
  lookAtAll()
  options.onReload(lookAtAll)
  return () => {
    for (const stop of stops) stop()
  }
}

/** The reference's time between two checks. */
const recheckMs = 30_000
const checkMs = 5_000
/** A Service may have endpoints of which some answer: so often one of them is asked. */
const attempts = 5

/** Asks for what every extension has to serve. One good answer is enough. */
async function ask(extensions: Extensions | undefined, registration: Registration): Promise<Availability> {
  if (extensions === undefined) return failed('this server was set up without a way to reach extension API servers')
  const first = await attempt(extensions, registration)
  if (first === undefined) return passed
  // One that fails may be the only one: the rest are asked at once, so that this takes no longer than two.
  const rest = await Promise.all(Array.from({ length: attempts - 1 }, () => attempt(extensions, registration)))
  return rest.includes(undefined) ? passed : failed(first)
}

/** What is wrong, undefined if nothing is. */
async function attempt(extensions: Extensions, registration: Registration): Promise<string | undefined> {
  const { group, version } = registration
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  let url = path
  try {
    url = `https://${hostOf(extensions.resolve(registration))}${path}`
  } catch (error) {
    return messageOf(error)
  }
  try {
    const { status } = await extensions.ask(registration, checker, { path, timeoutMs: checkMs })
    return status >= 200 && status < 300 ? undefined : `failing or missing response from ${url}: bad status from ${url}: ${status}`
  } catch (error) {
    return `failing or missing response from ${url}: Get ${JSON.stringify(url)}: ${messageOf(error)}`
  }
}

/** A user that extensions let read everything. */
export const checker = { name: 'system:kube-aggregator', groups: ['system:masters'] }

const passed: Availability = { status: 'True', reason: 'Passed', message: 'all checks passed' }
const failed = (message: string): Availability => ({ status: 'False', reason: 'FailedDiscoveryCheck', message })
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isLocal = ({ spec }: APIService): boolean => spec.service === undefined

const conditionOf = (service: APIService | undefined): APIServiceCondition | undefined =>
  service?.status.conditions?.find(({ type }) => type === 'Available')

function withCondition(object: KubeObject, condition: APIServiceCondition): KubeObject {
  const { status } = object as unknown as APIService
  const others = (status.conditions ?? []).filter(({ type }) => type !== condition.type)
  return { ...object, status: { ...status, conditions: [...others, condition] } } as unknown as KubeObject
}
