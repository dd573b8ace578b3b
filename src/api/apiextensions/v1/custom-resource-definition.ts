import { createdAt } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import { same, statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'
import { checkDns1123Subdomain } from '#schema/validate.ts'
import { cleanupFinalizer, withCondition } from './conditions.ts'
import * as types from './types.ts'
import { unrecognizedFormats } from './validation/unrecognized-formats.ts'
import { validateDefinition, validateDefinitionUpdate, validateNames } from './validation/validate-definition.ts'

export const CustomResourceDefinition = kind(
  types.CustomResourceDefinition,
  {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    servedApart: true,
    plural: 'customresourcedefinitions',
    singular: 'customresourcedefinition',
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    scope: 'Cluster',
    storagePath: 'apiextensions.k8s.io/customresourcedefinitions',
    columns: [createdAt],
    subresources: {
      status: statusOf<types.CustomResourceDefinition>({
        tables: false,
        validateUpdate: ({ status }) => validateNames(status.acceptedNames, 'status.acceptedNames'),
      }),
    },
  },
  {
    defaults,
    prepareCreate: (definition) => ({
      ...definition,
      status: { conditions: null as never, acceptedNames: { plural: '', kind: '' }, storedVersions: storedVersions(definition, []) },
    }),
    prepareUpdate: (next, previous) => ({
      ...next,
      status: { ...previous.status, storedVersions: storedVersions(next, previous.status.storedVersions ?? []) },
    }),
    // A definition has a deletion of its own: it waits for its instances, and begins without grace.
    prepareDelete: ({ metadata: { deletionGracePeriodSeconds: _grace, generation, ...metadata }, ...definition }) => ({
      ...definition,
      metadata: {
        ...metadata,
        ...(generation !== undefined && { generation: generation - 1 }),
        finalizers: metadata.finalizers?.includes(cleanupFinalizer)
          ? metadata.finalizers
          : [...(metadata.finalizers ?? []), cleanupFinalizer],
      },
      status: {
        ...definition.status,
        conditions: withCondition(
          definition.status.conditions,
          {
            type: 'Terminating',
            status: 'True',
            reason: 'InstanceDeletionPending',
            message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
          },
          metadata.deletionTimestamp!,
        ),
      },
    }),
    isHeld: () => false,
    returnsDeleted: true,
    requiresResourceVersion: true,
    plainFinalizers: true,
    validateName: checkDns1123Subdomain,
    validate: (definition) => validateDefinition(definition),
    validateUpdate: (next, previous) => validateDefinitionUpdate(next, previous),
    warnings: (definition, previous) => {
      const before = new Set(previous === undefined ? [] : unrecognizedFormats(previous.spec))
      return unrecognizedFormats(definition.spec)
        .filter((format) => !before.has(format))
        .map((format) => `unrecognized format ${JSON.stringify(format)}`)
    },
    generation: (next, previous) => !same(next.spec, previous.spec),
  },
)
export type CustomResourceDefinition = Of<typeof CustomResourceDefinition>

function defaults<T extends types.CustomResourceDefinition>(definition: T): T {
  const { spec, status } = definition
  const { names, conversion } = spec
  const isFull =
    names.singular &&
    (names.listKind || !names.kind) &&
    conversion !== undefined &&
    status.storedVersions?.length > 0 &&
    hasPort(conversion)
  if (isFull) return definition
  return {
    ...definition,
    spec: {
      ...spec,
      names: {
        ...names,
        ...(!names.singular && names.kind && { singular: names.kind.toLowerCase() }),
        ...(!names.listKind && names.kind && { listKind: `${names.kind}List` }),
      },
      conversion: withPort(conversion ?? { strategy: 'None' }),
    },
    status: {
      ...status,
      storedVersions: status.storedVersions?.length > 0 ? status.storedVersions : storedVersions(definition, []),
    },
  }
}

const hasPort = ({ webhook }: types.CustomResourceConversion): boolean =>
  webhook?.clientConfig?.service === undefined || webhook.clientConfig.service.port !== undefined

function withPort(conversion: types.CustomResourceConversion): types.CustomResourceConversion {
  const { webhook } = conversion
  if (hasPort(conversion) || webhook?.clientConfig?.service === undefined) return conversion
  const { clientConfig } = webhook
  return { ...conversion, webhook: { ...webhook, clientConfig: { ...clientConfig, service: { ...clientConfig.service!, port: 443 } } } }
}

/** The versions that objects are or were stored in: the present storage version is always among them. */
function storedVersions({ spec }: types.CustomResourceDefinition, before: readonly string[]): string[] {
  const storage = spec.versions?.find((version) => version.storage)
  return storage === undefined || before.includes(storage.name) ? [...before] : [...before, storage.name]
}
