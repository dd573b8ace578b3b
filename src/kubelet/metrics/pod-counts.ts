import type { Registry } from '#lib/metrics/registry.ts'
import type { PodLookup, PodRecord } from '../interfaces.ts'

/** Counts of pods and containers, made when somebody scrapes. */
export function observePods(registry: Registry, pods: Pick<PodLookup, 'list'>, nodeName: string): void {
  const gauge = (name: string, help: string, labels: readonly string[], read: () => Iterable<{ labels: string[]; value: number }>) =>
    registry.observed({ name: `kubelet_${name}`, help, stability: 'ALPHA', type: 'gauge', labels }, read)
  gauge('node_name', "The node's name. The count is always 1.", ['node'], () => [{ labels: [nodeName], value: 1 }])
  gauge('running_pods', 'Number of pods that have a running pod sandbox', [], () => [
    { labels: [], value: pods.list().filter(({ sandboxId }) => sandboxId !== undefined).length },
  ])
  gauge('running_containers', 'Number of containers currently running', ['container_state'], () =>
    counted(pods.list().flatMap(({ containers }) => containers.map(({ state }) => [state]))),
  )
  gauge(
    'desired_pods',
    'The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.',
    ['static'],
    () => counted(pods.list().map((record) => [isStatic(record)])),
  )
  gauge(
    'active_pods',
    'The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.',
    ['static'],
    () =>
      counted(
        pods
          .list()
          .filter(isActive)
          .map((record) => [isStatic(record)]),
      ),
  )
  gauge('mirror_pods', 'The number of mirror pods the kubelet will try to create (one per admitted static pod)', [], () => [
    { labels: [], value: pods.list().filter((record) => isStatic(record) === 'true' && isActive(record)).length },
  ])
  gauge('managed_ephemeral_containers', 'Current number of ephemeral containers in pods managed by this kubelet.', [], () => [
    { labels: [], value: pods.list().reduce((sum, { pod }) => sum + (pod.spec.ephemeralContainers?.length ?? 0), 0) },
  ])
}

const isStatic = ({ pod }: PodRecord): 'true' | 'false' => {
  const source = pod.metadata.annotations?.['kubernetes.io/config.source']
  return source !== undefined && source !== 'api' ? 'true' : 'false'
}
const isActive = ({ withStatus: { status } }: PodRecord): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed'

function counted(rows: readonly (readonly string[])[]): { labels: string[]; value: number }[] {
  const counts = new Map<string, { labels: string[]; value: number }>()
  for (const row of rows) {
    const key = row.join('\u0000')
    const found = counts.get(key)
    if (found === undefined) counts.set(key, { labels: [...row], value: 1 })
    else found.value += 1
  }
  return [...counts.values()]
}
