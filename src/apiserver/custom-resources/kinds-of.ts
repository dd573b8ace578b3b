import { isTrue } from '#api/apiextensions/v1/conditions.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '#api/apiextensions/v1/types.ts'
import { type AnyKind, type KubeObject, kind } from '#api/kind.ts'
import { objectFields } from '#api/meta/v1/object-fields.ts'
import { ObjectMeta } from '#api/meta/v1/types.ts'
import { compareVersions } from '#lib/version-order.ts'
import { decode } from '#schema/decode.ts'
import type { Type } from '#schema/schema.ts'
import { fillDefaults } from '#schema/structural/fill-defaults.ts'
import type { Structural } from '#schema/structural/structural.ts'
import type { CelMetrics } from '../metrics/cel-metrics.ts'
import { columnsOf } from './columns.ts'
import { rawKind } from './raw-kind.ts'
import { rulesOf, subresourcesOf, type VersionRules } from './rules.ts'
import type { Convert } from './webhook-conversion.ts'

/** What a definition serves: a kind for each served version, all over the same stored objects. */
export function kindsOf(definition: CustomResourceDefinition, convert?: Convert, metrics?: CelMetrics): readonly AnyKind[] {
  const { spec, status } = definition
  const names = status.acceptedNames
  const storage = spec.versions.find((version) => version.storage)
  if (storage === undefined || !names.plural || !names.kind) return []
  const isTerminating = isTrue(definition, 'Terminating')
  const facts = {
    group: spec.group,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    listKind: names.listKind ?? `${names.kind}List`,
    scope: spec.scope as 'Namespaced' | 'Cluster',
    storagePath: `${spec.group}/${names.plural}`,
    ...(names.shortNames !== undefined && names.shortNames.length > 0 && { shortNames: names.shortNames }),
    ...(names.categories !== undefined && names.categories.length > 0 && { categories: names.categories }),
  }
  const stored: AnyKind = { ...rawKind, ...facts, version: storage.name }
  const own = { ...(isTerminating && { refuseCreate: refuseWhileTerminating }) }
  const storedSchema = schemaOf(storage)
  return spec.versions
    .filter(({ served }) => served)
    .map((version) => {
      const schema = schemaOf(version)
      const type: Type<KubeObject> = { shape: { kind: 'structural', schema, metadata: ObjectMeta, head: objectFields } }
      const rules: VersionRules = { schema, subresources: version.subresources, selectableFields: version.selectableFields, metrics }
      const deprecation = deprecationOf(definition, version)
      return kind(
        type,
        {
          ...facts,
          version: version.name,
          columns: columnsOf(version.additionalPrinterColumns),
          subresources: subresourcesOf(rules),
          ...(deprecation !== undefined && { deprecation }),
          storedAs: {
            kind: () => stored,
            ...(convert !== undefined && { convert }),
            fromStored: (object: KubeObject) => shaped(type, schema, withVersion(object, `${spec.group}/${version.name}`)),
            toStored: (object: KubeObject) =>
              version === storage && object.apiVersion === `${spec.group}/${storage.name}`
                ? object
                : pruned(storedSchema, withVersion(object, `${spec.group}/${storage.name}`)),
          },
        } as never,
        { ...rulesOf(rules), ...own } as never,
      )
    })
}

/** The form in which the objects of a definition are stored; undefined for one that has no names yet. */
export function storedKindOf({ spec, status }: CustomResourceDefinition): AnyKind | undefined {
  const storage = spec.versions.find((version) => version.storage)
  const { plural, kind: name } = status.acceptedNames
  if (storage === undefined || !plural || !name) return undefined
  const scope = spec.scope as 'Namespaced' | 'Cluster'
  return { ...rawKind, group: spec.group, version: storage.name, kind: name, plural, scope }
}

const refuseWhileTerminating = (): string => 'create not allowed while custom resource definition is terminating'

/** A version without a schema keeps nothing but what every object has. */
const schemaOf = ({ schema }: CustomResourceDefinitionVersion): Structural => (schema?.openAPIV3Schema ?? { type: 'object' }) as Structural

const withVersion = (object: KubeObject, apiVersion: string): KubeObject =>
  object.apiVersion === apiVersion ? object : { ...object, apiVersion }

/** As the schema of the version has it, which may have changed since the object was written. */
function shaped(type: Type<KubeObject>, schema: Structural, object: KubeObject): unknown {
  const metadata = object.metadata as KubeObject['metadata'] | undefined
  // What applying converts may be a part of an object, and has nothing to repair.
  const repaired = metadata === undefined || metadata.generation ? object : { ...object, metadata: { ...metadata, generation: 1 } }
  const { value } = decode(type, repaired, { strict: false })
  return fillDefaults(schema, value ?? repaired)
}

function pruned(schema: Structural, object: KubeObject): unknown {
  const { value } = decode({ shape: { kind: 'structural', schema, metadata: ObjectMeta } }, object, { strict: false })
  return value ?? object
}

/** Said with every answer in a version that its definition calls deprecated. */
function deprecationOf({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string | undefined {
  if (!version.deprecated) return undefined
  if (version.deprecationWarning !== undefined) return version.deprecationWarning
  const better = spec.versions
    .filter(({ name, served, deprecated }) => served && !deprecated && compareVersions(version.name, name) < 0)
    .sort((a, b) => compareVersions(b.name, a.name))[0]
  const text = `${spec.group}/${version.name} ${spec.names.kind} is deprecated`
  return better === undefined ? text : `${text}; use ${spec.group}/${better.name} ${spec.names.kind}`
}
