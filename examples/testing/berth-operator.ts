/** An operator as anybody would write it with the official client library: each Berth gets a Deployment of one pod a hundred metres. */
import {
  AppsV1Api,
  CustomObjectsApi,
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
} from '@kubernetes/client-node'

export interface Berth extends KubernetesObject {
  readonly spec: { readonly lengthM: number }
}

const [group, version, plural] = ['harbour.example', 'v1', 'berths']

/** Runs until the answer is called. */
export async function runBerthOperator(config: KubeConfig): Promise<() => Promise<void>> {
  const apps = config.makeApiClient(AppsV1Api)
  const custom = config.makeApiClient(CustomObjectsApi)
  const failures: unknown[] = []
  let work: Promise<void> = Promise.resolve()

  async function reconcile(berth: Berth): Promise<void> {
    const { name = '', namespace = 'default', uid = '' } = berth.metadata ?? {}
    const labels = { berth: name }
    const replicas = Math.ceil(berth.spec.lengthM / 100)
    const owner = { apiVersion: `${group}/${version}`, kind: 'Berth', name, uid, controller: true }
    const spec = {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'crane', image: 'crane:1' }] } },
    }
    const { items } = await apps.listNamespacedDeployment({ namespace, labelSelector: `berth=${name}` })
    const present = items[0]
    if (present === undefined)
      await apps.createNamespacedDeployment({ namespace, body: { metadata: { name, labels, ownerReferences: [owner] }, spec } })
    else if (present.spec?.replicas !== replicas)
      await apps.replaceNamespacedDeployment({ namespace, name, body: { ...present, spec: { ...present.spec!, replicas } } })
    const status = { cranes: present?.status?.readyReplicas ?? 0 }
    await custom.patchNamespacedCustomObjectStatus({
      group,
      version,
      plural,
      namespace,
      name,
      body: [{ op: 'add', path: '/status', value: status }],
    })
  }

  const later = (berth: Berth): void => {
    work = work.then(() => reconcile(berth)).catch((error: unknown) => void failures.push(error))
  }
  const listBerths = () => custom.listClusterCustomObject({ group, version, plural }) as Promise<KubernetesListObject<Berth>>
  const berths = makeInformer<Berth>(config, `/apis/${group}/${version}/${plural}`, listBerths)
  const deployments = makeInformer(config, '/apis/apps/v1/deployments', () => apps.listDeploymentForAllNamespaces())
  for (const event of ['add', 'update'] as const) {
    berths.on(event, later)
    deployments.on(event, ({ metadata }) => again(metadata?.labels?.['berth']))
  }
  deployments.on('delete', ({ metadata }) => again(metadata?.labels?.['berth']))
  function again(name: string | undefined): void {
    const berth = berths.list().find(({ metadata }) => metadata?.name === name)
    if (berth !== undefined) later(berth)
  }
  await berths.start()
  await deployments.start()
  return async () => {
    await berths.stop()
    await deployments.stop()
    await work
    if (failures.length > 0) throw new AggregateError(failures, 'the operator failed')
  }
}
