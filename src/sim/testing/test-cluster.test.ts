import assert from 'node:assert/strict'
import { request } from 'node:https'
import { test } from 'node:test'
import { isError } from '#lib/errors.ts'
import { type cluster as Cluster, ConfigMap, cluster, Deployment, isPodReady, Job, Node, Pod, type Served } from './mod.ts'

const pod = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'web:1' }], ...spec },
})
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { k: 'v' } }

const phaseOf = async (c: Awaited<ReturnType<typeof Cluster>>, name: string) => (await c.client.get(Pod, name, 'default')).status.phase

test('time passes when it is told to, and only then', async () => {
  await using c = await cluster()
  const before = c.now().getTime()
  await c.apply(configMap)
  await c.settle()
  assert.equal(c.now().getTime(), before)
  await c.advance('1h30m')
  assert.equal(c.now().getTime() - before, 5_400_000)
  await c.advance(250)
  assert.equal(c.now().getTime() - before, 5_400_250)
})

test('waits for a condition, and says which did not come', async () => {
  await using c = await cluster()
  await c.apply([pod('a')])
  await c.until(async () => isPodReady(await c.client.get(Pod, 'a', 'default')))
  const begin = c.now().getTime()
  await assert.rejects(
    c.until(() => false, '2m', 'pigs fly'),
    (error) => isError(error, 'Timeout') && /not within 120 s of virtual time: pigs fly/.test(error.message),
  )
  assert.equal(c.now().getTime() - begin, 120_000)
  await assert.rejects(async () => c.advance('soon'), /a duration must be milliseconds or a text such as 30s/)
})

test('applies objects and texts, and says all that was refused', async () => {
  await using c = await cluster()
  const applied = await c.apply([configMap, { ...configMap, metadata: { name: 'd', namespace: 'default' } }])
  assert.deepEqual(
    applied.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ['default/c', 'default/d'],
  )
  const wrong = [
    { ...configMap, data: { k: 1 } },
    { ...configMap, kind: 'Cofnig' },
  ]
  await assert.rejects(c.apply(wrong), (error) => {
    assert.ok(isError(error, 'Invalid'))
    assert.match(
      error.message,
      /^object 1, document 1 \(ConfigMap c\): [^\n]+\nobject 2, document 1 \(Cofnig c\): nobody serves kind Cofnig/,
    )
    return true
  })
  assert.equal((await c.client.get(ConfigMap, 'c', 'default')).data?.['k'], 'v')
})

test('two clusters in one process do not wait for each other', async () => {
  await using a = await cluster()
  await using b = await cluster({ seed: 2 })
  const before = [a, b].map((c) => c.now().getTime())
  await Promise.all([a.advance('5m'), b.advance('5m'), a.settle(), b.settle()])
  assert.deepEqual(
    [a, b].map((c, index) => c.now().getTime() - before[index]!),
    [300_000, 300_000],
  )
})

test('the same seed and the same calls give the same history', async () => {
  const histories: string[] = []
  for (const seed of [3, 3, 4]) {
    await using c = await cluster({ nodes: 2, seed })
    await c.apply(pod('a'))
    await c.advance('1m')
    histories.push(c.history())
  }
  assert.equal(histories[0], histories[1])
  assert.notEqual(histories[0], histories[2])
})

test('containers do what is said of their image, and end well where a pod is not to be started again', async () => {
  await using c = await cluster({ images: { 'web:1': { exit: { afterMs: 5_000, code: 7 } } }, jobsTake: '2m' })
  await c.apply([
    pod('failing', { restartPolicy: 'Never' }),
    pod('task', { restartPolicy: 'Never', containers: [{ name: 'main', image: 'other' }] }),
  ])
  await c.advance('1m')
  assert.equal(await phaseOf(c, 'failing'), 'Failed')
  assert.equal(await phaseOf(c, 'task'), 'Running')
  await c.advance('2m')
  assert.equal(await phaseOf(c, 'task'), 'Succeeded')
})

test('nodes are lost, cut off, restarted; containers crash', async () => {
  await using c = await cluster({ nodes: 2, zones: 2 })
  const readyOf = async (name: string) => (await c.client.get(Node, name)).status.conditions?.find(({ type }) => type === 'Ready')?.status
  assert.equal((await c.client.get(Node, 'node-1')).metadata.labels?.['topology.kubernetes.io/zone'], 'zone-1')
  const [first, second] = c.nodes
  first!.lose()
  second!.cut()
  await c.advance('2m')
  assert.deepEqual([await readyOf('node-0'), await readyOf('node-1')], ['Unknown', 'Unknown'])
  first!.start()
  second!.mend()
  await c.advance('1m')
  assert.deepEqual([await readyOf('node-0'), await readyOf('node-1')], ['True', 'True'])
  first!.reboot('10s')
  await c.advance('1m')
  assert.equal(await readyOf('node-0'), 'True')

  await c.apply(pod('a', { nodeName: 'node-1' }))
  await c.until(async () => isPodReady(await c.client.get(Pod, 'a', 'default')))
  await assert.rejects(first!.crash({ name: 'a' }), /no container of pod default\/a runs on node-0/)
  await second!.crash({ name: 'a' }, 'main', 9)
  await c.advance('1m')
  const [container] = (await c.client.get(Pod, 'a', 'default')).status.containerStatuses ?? []
  assert.deepEqual([container?.restartCount, container?.lastState?.terminated?.exitCode], [1, 9])
})

test('without controllers nothing follows from an object but itself', async () => {
  await using c = await cluster({ controllers: false, scheduler: false })
  const template = { metadata: { labels: { app: 'a' } }, spec: pod('').spec }
  await c.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a' },
    spec: { selector: { matchLabels: { app: 'a' } }, template },
  })
  await c.advance('10m')
  assert.equal((await c.client.list(Pod)).items.length, 0)
  assert.equal((await c.client.get(Deployment, 'a', 'default')).status.observedGeneration, undefined)
})

test('kinds are found by their names', async () => {
  await using c = await cluster({ nodes: 0 })
  const named = (name: string) => {
    const { group, version, kind } = c.kind(name)
    return `${group}/${version}/${kind}`
  }
  assert.deepEqual(['Job', 'Event', 'events.k8s.io/v1/Event', 'v1/Event', 'Ingress.networking.k8s.io', 'apps/v1/Deployment'].map(named), [
    'batch/v1/Job',
    '/v1/Event',
    'events.k8s.io/v1/Event',
    '/v1/Event',
    'networking.k8s.io/v1/Ingress',
    'apps/v1/Deployment',
  ])
  assert.equal(c.kind('Job'), Job)
  assert.throws(() => c.kind('Berth'), /nobody serves a kind "Berth"/)
  assert.throws(() => c.kind('v1/Deployment'), /nobody serves/)
})

test('a port serves whoever has a token, with the rights of their name only; it closes with the cluster', async (t) => {
  const c = await cluster({ nodes: 0 })
  t.after(c.close)
  const served = await c.serve()
  const ask = asker(served)
  assert.equal((await ask('/api/v1/nodes', served.kubeconfig())).status, 200)
  const stranger = await ask('/api/v1/nodes', served.kubeconfig({ name: 'system:serviceaccount:default:nobody' }))
  assert.equal(stranger.status, 403)
  assert.match(stranger.text, /User \\"system:serviceaccount:default:nobody\\" cannot list/)
  assert.equal((await ask('/api/v1/nodes', undefined)).status, 401)
  assert.equal((await ask('/api/v1/nodes', JSON.stringify({ users: [{ user: { token: 'guessed' } }] }))).status, 401)
  await c.close()
  await c.close()
  await assert.rejects(ask('/version', undefined), /ECONNREFUSED/)
})

test('time does not pass a client that still has something to do', async () => {
  await using c = await cluster({ nodes: 0 })
  const served = await c.serve()
  const ask = asker(served)
  const config = served.kubeconfig()
  const path = '/api/v1/namespaces/default/configmaps'
  // It takes its time over each answer, as an operator does that computes.
  const react = async (name: string): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 10))
    await ask(path, config, JSON.stringify({ metadata: { name: `${name}-x` } }))
  }
  const seen = new Set<string>()
  const watch = follow(served, `${path}?watch=true&fieldSelector=metadata.name!=kube-root-ca.crt`, config, (name) => {
    if (seen.has(name) || name.length > 9) return
    seen.add(name)
    void react(name)
  })
  await watch.open
  const before = c.now().getTime()
  await c.apply({ ...configMap, metadata: { name: 'c' } })
  await c.settle()
  const { items } = await c.client.list(ConfigMap, { namespace: 'default' })
  const made = items.filter(({ metadata }) => metadata.name.startsWith('c'))
  // Each came of the one before, at the same instant.
  assert.deepEqual(
    made.map(({ metadata }) => [metadata.name, Date.parse(metadata.creationTimestamp)]),
    ['c', 'c-x', 'c-x-x', 'c-x-x-x', 'c-x-x-x-x', 'c-x-x-x-x-x'].map((name) => [name, Math.floor(before / 1000) * 1000]),
  )
  watch.end()
})

test('in real time, a minute passes in a moment if it is asked to', async () => {
  await using c = await cluster()
  const served = await c.serve({ time: 'real', speed: 200 })
  await c.apply(pod('a'))
  const ask = asker(served)
  const config = served.kubeconfig()
  const begin = performance.now()
  while (!(await ask('/api/v1/namespaces/default/pods/a', config)).text.includes('"phase":"Running"'))
    assert.ok(performance.now() - begin < 30_000, 'the pod runs')
  assert.ok(c.now().getTime() > Date.parse('2026-01-01T00:00:01Z'))
})

const asker =
  ({ port, authority }: Served) =>
  (path: string, kubeconfig: string | undefined, body?: string): Promise<{ readonly status: number; readonly text: string }> =>
    new Promise((resolve, reject) => {
      const headers = { ...bearer(kubeconfig), 'content-type': 'application/json' }
      const method = body === undefined ? 'GET' : 'POST'
      const sent = request({ host: '127.0.0.1', port, path, method, ca: authority, headers, agent: false }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.once('error', reject).once('end', () => resolve({ status: answer.statusCode!, text }))
      })
      sent.once('error', reject).end(body)
    })

const bearer = (kubeconfig: string | undefined): { readonly authorization?: string } => {
  const token = kubeconfig && (JSON.parse(kubeconfig) as { users: { user: { token: string } }[] }).users[0]!.user.token
  return token ? { authorization: `Bearer ${token}` } : {}
}

/** A watch, event by event; `open` resolves when it has begun. */
function follow({ port, authority }: Served, path: string, kubeconfig: string, see: (name: string) => void) {
  const opening = Promise.withResolvers<void>()
  const sent = request({ host: '127.0.0.1', port, path, ca: authority, headers: bearer(kubeconfig), agent: false }, (answer) => {
    opening.resolve()
    let text = ''
    answer.setEncoding('utf8').on('error', () => {})
    answer.on('data', (part: string) => {
      const lines = (text + part).split('\n')
      text = lines.pop()!
      for (const line of lines) see((JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name)
    })
  })
  sent.once('error', opening.reject).end()
  return { open: opening.promise, end: () => void sent.destroy() }
}
