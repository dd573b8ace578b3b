import type { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import type { HeldKind } from '#loop/run.ts'

/** Pods by each of their labels, as `labelValue` writes it. */
export const byLabel = 'label'
/** Services that choose pods by one of the labels that they ask for: a pod finds them by its own labels. */
export const bySelector = 'selector'

/** One label within a namespace; without a label: what asks for none, and so chooses every pod. */
export const labelValue = (namespace: string, label?: readonly [key: string, value: string]): string =>
  `${namespace}/${label === undefined ? '' : `${label[0]}=${label[1]}`}`

/** Whether the service's endpoints are ours to keep: it chooses pods, and is more than a name. */
export const selectsPods = ({ spec }: Service): boolean => spec.type !== 'ExternalName' && spec.selector !== undefined

export const podsByLabel = {
  [byLabel]: ({ metadata }: Pod) => Object.entries(metadata.labels ?? {}).map((label) => labelValue(metadata.namespace, label)),
}

export const heldServices: HeldKind = {
  kind: Service,
  indexes: {
    [bySelector]: (service: Service) =>
      selectsPods(service) ? [labelValue(service.metadata.namespace, Object.entries(service.spec.selector ?? {})[0])] : [],
  },
}
