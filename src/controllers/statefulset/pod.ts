import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Volume } from '#api/core/v1/types.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import type { Single } from '#loop/controller.ts'
import { namePrefix } from '../common/name-prefix.ts'
import { revisionLabel } from '../common/template-history.ts'
import { claimName, templatesOf } from './claims.ts'
import { identityLabels, ordinalOf, podNameOf } from './identity.ts'

/** The pod of an ordinal, of the template that `set` has. Its name is its host name, under the set's service. */
export function createPod(set: StatefulSet, revisionName: string, ordinal: number): Single {
  const { metadata, spec } = set.spec.template
  const { labels, annotations, finalizers } = metadata ?? {}
  const { namespace } = set.metadata
  const name = podNameOf(set, ordinal)
  const { subdomain: _, ...others } = spec
  return {
    do: 'create',
    kind: Pod,
    namespace,
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        generateName: namePrefix(set.metadata.name),
        namespace,
        labels: { ...labels, ...identityLabels(set, ordinal), [revisionLabel]: revisionName },
        ...(annotations === undefined ? {} : { annotations }),
        ...(finalizers === undefined ? {} : { finalizers }),
        ownerReferences: [ownerReference(StatefulSet, set)],
      },
      spec: {
        ...others,
        hostname: name,
        ...(set.spec.serviceName === '' ? {} : { subdomain: set.spec.serviceName }),
        ...volumesWithClaims(set, spec.volumes, ordinal),
      },
    },
  }
}

/** Gives an adopted pod its identity and its volumes. The server refuses the latter, which says in an event why the set cannot go on. */
export const repairPod = (set: StatefulSet, pod: Pod): Single => ({
  do: 'update',
  kind: Pod,
  object: {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...identityLabels(set, ordinalOf(pod)) } },
    spec: { ...pod.spec, ...(hasStorage(set, pod) ? {} : volumesWithClaims(set, pod.spec.volumes, ordinalOf(pod))) },
  } as Pod,
})

/** Whether the pod mounts the claims of its ordinal. */
export const hasStorage = (set: StatefulSet, { metadata, spec }: Pod): boolean =>
  templatesOf(set).every((template) => {
    const claim = spec.volumes?.find(({ name }) => name === template.metadata.name)?.persistentVolumeClaim
    return claim?.claimName === claimName(template.metadata.name, set, ordinalOf({ metadata }))
  })

/** Claims win over the template's volumes of the same name. */
function volumesWithClaims(
  set: StatefulSet,
  volumes: readonly Volume[] | undefined,
  ordinal: number,
): { readonly volumes?: readonly Volume[] } {
  const templates = templatesOf(set)
  if (templates.length === 0) return volumes === undefined ? {} : { volumes }
  const claimed = templates.map(
    ({ metadata: { name } }): Volume => ({
      name,
      persistentVolumeClaim: { claimName: claimName(name, set, ordinal) },
    }),
  )
  const names = new Set(claimed.map(({ name }) => name))
  return { volumes: [...claimed, ...(volumes ?? []).filter(({ name }) => !names.has(name))] }
}
