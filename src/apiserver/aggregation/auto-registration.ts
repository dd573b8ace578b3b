import type { CustomResourceDefinition } from '#api/apiextensions/v1/types.ts'
import { localServices, optionalLocalServices } from '#api/apiregistration/local-services.ts'
import type { APIService } from '#api/apiregistration/v1/types.ts'
import { optionalVersions } from '#api/features.ts'
import type { KubeObject } from '#api/kind.ts'
import { same } from '#api/strategy.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import type { Internals, Objects } from '../contract.ts'
import { ofDefinitions } from './group-order.ts'
import { createRounds } from './rounds.ts'

/** `onReload` tells when what was seen of the store may have gaps. */
export interface AutoRegistrationOptions {
  readonly objects: Objects
  readonly internals: Internals
  readonly clock: Clock
  readonly random: Random
  /** Calls after a gap in what was told. */
  readonly onReload: (listener: () => void) => void
  readonly onFailure: (error: unknown) => void
}

/**
 * Keeps an APIService for each group version that definitions serve, and none for those that none serves any more. One that somebody made by
 * hand, without the label, is left alone: so another server can take a group version over. Returns how to stop.
 */
export function startAutoRegistration({ objects, internals, clock, random, onReload, onFailure }: AutoRegistrationOptions): () => void {
  const kind = objects.kindOf('apiregistration.k8s.io', 'apiservices')
  const definitionKind = objects.kindOf('apiextensions.k8s.io', 'customresourcedefinitions')
  if (kind === undefined || definitionKind === undefined) return () => {}
  const definitions = (): readonly Definition[] => objects.list(definitionKind) as unknown as readonly Definition[]
  const present = (name: string): APIService | undefined => objects.get(kind, name) as unknown as APIService | undefined

  const rounds = createRounds({
    clock,
    random,
    onFailure,
    retryMs: 100,
    retryMaxMs: 30_000,
    run: async (name) => {
      const wanted = wantedOf(name, definitions())
      const step = nextStep(wanted, present(name), atStart.delete(name))
      try {
        if (step === 'create') await internals.create(kind, wanted!)
        else if (step === 'delete') await internals.delete(kind, name, undefined, { uid: present(name)!.metadata.uid ?? '' })
        else if (step === 'update')
          await internals.update(kind, name, undefined, (object) => ({ ...object, spec: wanted!.spec }) as unknown as KubeObject)
      } catch (error) {
        // Somebody else was faster: the change of that leads here again.
        if (!isError(error, 'AlreadyExists', 'Conflict', 'NotFound')) throw error
      }
      return undefined
    },
  })

  const lookAt = (definition: Definition): void => {
    for (const name of namesOf(definition)) rounds.look(name)
  }
  const known = new Map<string, readonly string[]>()
  // What another version of this server made for itself, and this one does not have: only now is it told from what others make.
  const atStart = new Set<string>()
  for (const { metadata } of objects.list(kind))
    if (metadata.labels?.[label] === onStart && !local.has(metadata.name) && !isTurnedOn(metadata.name, objects)) atStart.add(metadata.name)
  const stops = [
    objects.observe(definitionKind, (object, change) => {
      const definition = object as unknown as Definition
      const key = definition.metadata.name ?? ''
      // Versions that it had are looked at as well as those that it has.
      for (const name of known.get(key) ?? []) rounds.look(name)
      if (change === 'put') known.set(key, namesOf(definition))
      else known.delete(key)
      lookAt(definition)
    }),
    objects.observe(kind, (object) => {
      const service = object as unknown as APIService
      if (nextStep(wantedOf(service.metadata.name ?? '', definitions()), present(service.metadata.name ?? '')) !== undefined)
        rounds.look(service.metadata.name ?? '')
    }),
    rounds.close,
  ]
  function lookAtAll(): void {
    for (const definition of definitions()) {
      known.set(definition.metadata.name ?? '', namesOf(definition))
      lookAt(definition)
    }
    for (const { metadata } of objects.list(kind!)) if (metadata.labels?.[label] === continuously) rounds.look(metadata.name)
    for (const name of atStart) rounds.look(name)
  }
  lookAtAll()
  onReload(lookAtAll)
  return () => {
    for (const stop of stops) stop()
  }
}

type Definition = CustomResourceDefinition
type Wanted = { readonly metadata: object; readonly spec: APIService['spec'] }

/** The label by which the reference tells those that it keeps from those of people, and its value for those that it always keeps so. */
const label = 'kube-aggregator.kubernetes.io/automanaged'
const continuously = 'true'
/** Of those that it makes for its own groups: looked at when it starts, and left to people then. */
const onStart = 'onstart'
const local: ReadonlySet<string> = new Set(localServices.map(({ metadata }) => metadata.name))

/** Whether it stands for a version that is served because a configuration says so. */
const isTurnedOn = (name: string, objects: Objects): boolean =>
  optionalLocalServices.some(({ metadata, spec: { group = '', version } }) => {
    const plurals = metadata.name === name ? (optionalVersions[`${group}/${version}`] ?? []) : []
    return plurals.some((plural) => objects.kindOf(group, plural)?.version === version)
  })

/** What is to be done about one of them; undefined: nothing. `atStart`: it was there when the server started, and this is its one look at it. */
export function nextStep(
  wanted: Wanted | undefined,
  present: APIService | undefined,
  atStart = false,
): 'create' | 'update' | 'delete' | undefined {
  if (present === undefined) return wanted === undefined ? undefined : 'create'
  const managed = present.metadata.labels?.[label]
  if (managed !== continuously && !(atStart && managed === onStart)) return undefined
  if (wanted === undefined) return 'delete'
  return same(present.spec, wanted.spec) ? undefined : 'update'
}

const namesOf = ({ spec }: Definition): readonly string[] => spec.versions.map(({ name }) => `${name}.${spec.group}`)

function wantedOf(name: string, definitions: readonly Definition[]): Wanted | undefined {
  const dot = name.indexOf('.')
  const version = name.slice(0, dot)
  const group = name.slice(dot + 1)
  const isServed = definitions.some(
    ({ spec }) => spec.group === group && spec.versions.some(({ name: each, served }) => each === version && served),
  )
  if (!isServed) return undefined
  return {
    metadata: { name, labels: { [label]: continuously } },
    spec: { group, version, groupPriorityMinimum: ofDefinitions.group, versionPriority: ofDefinitions.version },
  }
}
