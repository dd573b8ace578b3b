import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { AnyKind } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { bundleVersionAnnotation, gatewayGroup } from './names.ts'

/** Which kinds of the Gateway API the server serves, as definitions come and go. */
export interface ServedKinds {
  /** Every definition that is there is known. */
  synced(): Promise<void>
  isServed(kind: AnyKind): boolean
  /** `bundle-version` of each definition that is there; '' where it has none. */
  readonly bundleVersions: readonly string[]
  close(): Promise<void>
}

/** Follows the definitions of these kinds, one watch of one name each: a cluster may have hundreds of others, and they are large. */
export function followServedKinds(
  client: Client,
  kinds: readonly AnyKind[],
  { onChange, ...cache }: { readonly clock: Clock; readonly random: Random; readonly log: Log; readonly onChange: () => void },
): ServedKinds {
  const definitions = new Map<string, Informer<CustomResourceDefinition>>(
    kinds.map(({ plural }) => {
      const name = nameOf({ plural })
      const informer = createInformer(client, CustomResourceDefinition, {
        ...cache,
        fieldSelector: `metadata.name=${name}`,
        transform: withoutSchemas,
      })
      informer.onChange(onChange)
      return [name, informer]
    }),
  )
  const find = ({ plural }: Pick<AnyKind, 'plural'>) => definitions.get(nameOf({ plural }))?.get(nameOf({ plural }))
  return {
    synced: async () => void (await Promise.all([...definitions.values()].map((informer) => informer.synced()))),
    isServed(kind) {
      const definition = find(kind)
      return (
        definition !== undefined &&
        definition.metadata.deletionTimestamp === undefined &&
        (definition.status.conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True') &&
        definition.spec.versions.some(({ name, served }) => name === kind.version && served)
      )
    },
    get bundleVersions() {
      return kinds.flatMap((kind) => find(kind) ?? []).map(({ metadata }) => metadata.annotations?.[bundleVersionAnnotation] ?? '')
    },
    async close() {
      await Promise.all([...definitions.values()].map((informer) => informer.close()))
    },
  }
}

const nameOf = ({ plural }: Pick<AnyKind, 'plural'>): string => `${plural}.${gatewayGroup}`

/** Some of them are half a megabyte of schema and prose, of which nothing is read here. */
const withoutSchemas = (definition: CustomResourceDefinition): CustomResourceDefinition => ({
  ...definition,
  metadata: { ...definition.metadata, managedFields: [] },
  spec: { ...definition.spec, versions: definition.spec.versions.map(({ name, served, storage }) => ({ name, served, storage })) },
})
