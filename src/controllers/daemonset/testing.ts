import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { revisionLabel, templateData } from '../common/template-history.ts'
import { controlledBy, namespace, type PodFacts, pod, template } from '../testing/objects.ts'
import { World } from '../testing/world.ts'

/** What a test of daemon sets stands on: the set `logs` with its nodes, and pods of its present template and of the one before. */
export interface Scene {
  /** Name, then labels (`disk=ssd`) and taints (`taint=key:Effect`); a key of several letters is one of Kubernetes' own. */
  readonly nodes?: readonly string[]
  readonly pods?: Readonly<Record<string, DaemonPodFacts>>
  readonly template?: object
  readonly strategy?: 'OnDelete' | Limits
  readonly minReadySeconds?: number
  readonly revisionHistoryLimit?: number
  readonly leaving?: boolean
  readonly namespaceIsLeaving?: boolean
}

export interface Limits {
  readonly maxUnavailable?: number | string
  readonly maxSurge?: number | string
}

export interface DaemonPodFacts extends PodFacts {
  /** Absent: of the present template, whose hash is `now`. */
  readonly hash?: string
  /** Where it is meant to run: not scheduled yet. */
  readonly meantFor?: string
}

export const key = `${namespace}/logs`
const owner = { ...controlledBy('DaemonSet', 'ds', 'logs'), apiVersion: 'apps/v1' }

export function given(scene: Scene): World {
  const world = new World()
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['keep'] }
  world.put(Namespace, { metadata: { name: namespace, ...(scene.namespaceIsLeaving ? going : {}) }, spec: {}, status: {} })
  const { metadata, spec } = template('logs:2')
  const daemonSet = world.put(DaemonSet, {
    metadata: {
      name: 'logs',
      namespace,
      uid: 'ds',
      generation: 1,
      annotations: { [generationAnnotation]: '7' },
      ...(scene.leaving ? going : {}),
    },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata, spec: { ...spec, ...scene.template } },
      updateStrategy:
        scene.strategy === 'OnDelete'
          ? { type: 'OnDelete' }
          : { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0, ...scene.strategy } },
      minReadySeconds: scene.minReadySeconds ?? 0,
      revisionHistoryLimit: scene.revisionHistoryLimit ?? 10,
    },
    status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  })
  putRevision(world, 'before', 1, { spec: { template: { ...template('logs:1'), $patch: 'replace' } } })
  putRevision(world, 'now', 2, templateData(daemonSet))
  for (const text of scene.nodes ?? []) putNode(world, text)
  for (const [name, facts] of Object.entries(scene.pods ?? {})) putPod(world, name, facts)
  return world
}

export function putRevision(world: World, hash: string, revision: number, data: object, metadata: object = {}): void {
  const labels = { app: 'web', [revisionLabel]: hash }
  world.put(ControllerRevision, {
    metadata: { name: `logs-${hash}`, namespace, labels, ownerReferences: [owner], ...metadata },
    data,
    revision,
  })
}

export function putNode(world: World, text: string): Node {
  const [name, ...words] = text.split(' ')
  const pairs = words.map((word): readonly string[] => word.split('='))
  const labels = Object.fromEntries(pairs.filter(([label]) => label !== 'taint'))
  const taints = pairs
    .filter(([label]) => label === 'taint')
    .map(([, taint]) => {
      const [taintKey, effect] = taint!.split(':')
      return { key: taintKey!.length > 1 ? `node.kubernetes.io/${taintKey}` : taintKey, effect }
    })
  return world.put(Node, { metadata: { name, labels }, spec: { taints }, status: {} })
}

export function putPod(world: World, name: string, { hash = 'now', meantFor, ...facts }: DaemonPodFacts): void {
  const labels = { app: 'web', [revisionLabel]: hash }
  const spec = meantFor === undefined ? {} : { spec: { affinity: affinityTo(meantFor) } }
  world.put(Pod, pod(name, { labels, owners: [owner], ...spec, ...facts }))
}

/** As the API server would write it: the older name of the template changes too. */
export function changeTemplate(world: World, image: string, spec: object = {}): void {
  const { metadata } = world.get(DaemonSet, 'logs', namespace)!
  const generation = Number(metadata.annotations![generationAnnotation]) + 1
  world.change(DaemonSet, 'logs', namespace, {
    metadata: { annotations: { [generationAnnotation]: `${generation}` } },
    spec: { template: { metadata: template().metadata, spec: { ...template(image).spec, ...spec } } },
  })
}

const generationAnnotation = 'deprecated.daemonset.template.generation'

export const affinityTo = (nodeName: string) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }],
    },
  },
})
