import { cidrWarnings } from '#api/core/v1/ip-warnings.ts'
import { nodeColumns } from '#api/core/v1/node-columns.ts'
import { roundToMilli } from '#api/core/v1/pod-defaults.ts'
import * as types from '#api/core/v1/types.ts'
import { validateNode, validateNodeChange, validateNodeUpdate } from '#api/core/v1/validation/node.ts'
import { kind } from '#api/kind.ts'
import { keepStatus, statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const Node = kind(
  types.Node,
  {
    group: '',
    version: 'v1',
    kind: 'Node',
    plural: 'nodes',
    storagePath: 'minions',
    singular: 'node',
    shortNames: ['no'],
    scope: 'Cluster',
    columns: nodeColumns,
    subresources: {
      proxy: {
        sort: 'connect',
        verbs: ['create', 'delete', 'get', 'patch', 'update'],
        handler: 'nodeProxy',
        kindGV: ['', 'v1', 'NodeProxyOptions'],
        options: types.NodeProxyOptions,
      },
      status: statusOf<types.Node>({
        validateUpdate: validateNodeChange,
        take: (previous, body) => ({
          ...body,
          spec: previous.spec,
          ...(previous.status.config === undefined && { status: withoutConfig(body.status) }),
        }),
      }),
    },
  },
  {
    defaults: (node) => ({ ...node, spec: syncPodCidrs(node.spec), status: defaultNodeStatus(node.status) }),
    prepareCreate: (node) => ({ ...node, spec: withoutSource(node.spec), status: withoutConfig(node.status) }),
    prepareUpdate: (node, previous) => {
      const kept = keepStatus(node, previous)
      return previous.spec.configSource === undefined ? { ...kept, spec: withoutSource(kept.spec) } : kept
    },
    selectableFields: { 'spec.unschedulable': (node) => String(node.spec.unschedulable ?? false) },
    validate: validateNode,
    checksMetadata: 'whole',
    validateUpdate: validateNodeUpdate,
    warnings: nodeWarnings,
  },
)
export type Node = Of<typeof Node>

/** Configurations of kubelets from the API are a thing of the past: only a node that has one keeps it. */
const withoutSource = ({ configSource: _, ...spec }: types.NodeSpec): types.NodeSpec => spec
const withoutConfig = ({ config: _, ...status }: types.NodeStatus): types.NodeStatus => status

function nodeWarnings({ spec }: types.Node): string[] {
  return [
    ...(spec.configSource === undefined ? [] : ['spec.configSource: the feature is removed']),
    ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec.podCIDRs ?? []).flatMap((cidr, i) => cidrWarnings(cidr, `spec.podCIDRs[${i}]`)),
  ]
}

/** `podCIDR` and the first of `podCIDRs` are one fact; the older field wins. */
function syncPodCidrs(spec: types.NodeSpec): types.NodeSpec {
  const { podCIDR, podCIDRs } = spec
  if (podCIDR && podCIDR !== podCIDRs?.[0]) return { ...spec, podCIDRs: [podCIDR] }
  if (!podCIDR && podCIDRs?.[0]) return { ...spec, podCIDR: podCIDRs[0] }
  return spec
}

/** A node that does not say otherwise offers all it has. */
function defaultNodeStatus(status: types.NodeStatus): types.NodeStatus {
  const rounded = {
    ...status,
    ...(status.capacity && { capacity: roundToMilli(status.capacity) }),
    ...(status.allocatable && { allocatable: roundToMilli(status.allocatable) }),
  }
  return rounded.allocatable === undefined && rounded.capacity !== undefined ? { ...rounded, allocatable: rounded.capacity } : rounded
}
