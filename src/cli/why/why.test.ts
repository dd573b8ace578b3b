import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { createClient } from '#client/http.ts'
import { isError } from '#lib/errors.ts'
import type { Transport } from '#lib/http.ts'
import { createSimulatedCluster, type SimulatedCluster } from '#sim/cluster.ts'
import { readSchedulers } from '../scheduler-profiles.ts'
import { describe } from './describe.ts'
import { whyOf } from './why.ts'

test('the chain from a request down to each pod, and why one has no node', () =>
  withCluster(async (c) => {
    const { client, ask, wait } = c
    const cordon = (isCordoned: boolean) =>
      client('ops').patch(Node, 'node-1', { type: 'merge', body: { spec: { unschedulable: isCordoned } } })
    // Of two nodes that are alike chance would choose.
    await cordon(true)
    await wait(0.1)
    await client('ann', 'kubectl-create').create(Deployment, web(1), inDefault)
    await wait(50)
    await cordon(false)
    await wait(9.9)
    await client('bob', 'kubectl').patch(Deployment, 'web', { type: 'merge', body: { spec: { replicas: 3 } } }, inDefault)
    await wait(30)
    const { items: pods } = await client('ann').list(Pod, inDefault)
    const placed = pods.find(({ spec }) => spec.nodeName === 'node-0')!.metadata.name
    const waiting = pods.find(({ spec }) => !spec.nodeName)!.metadata.name
    const [ofPlaced, ofWaiting] = [await ask('pod', placed), await ask('po', waiting)]
    const numbers = ranks([ofPlaced, ofWaiting])
    const plain = (text: string) => renamed(text, numbers, { [placed]: 'web-6f8d-kq2vx', [waiting]: 'web-6f8d-8wz4t' })

    assert.equal(
      plain(ofPlaced),
      `Pod web-6f8d-kq2vx in default [6]: Running on node-0, ready

How it came to be (UTC, revisions in brackets)
  00:00:40  ann with kubectl-create created Deployment web [1]
  00:00:40  deployment-controller created ReplicaSet web-6f8d [2], because of Deployment web [1]
  00:00:40  replicaset-controller created it [3], because of ReplicaSet web-6f8d [2]
  00:00:40  scheduler placed it on node-0 [4]
  00:00:40  kubelet on node-0 reported the state of it [5–6], 2 times

It is as wished.
`,
    )
    const why = `  pod web-6f8d-8wz4t: none of the 2 nodes takes it
    2 nodes have too little cpu left (it asks for 3)
    no pod of lower priority could make room
    node-0: NodeResourcesFit: asks for cpu 3, 1 of 4 are free
    node-1: NodeResourcesFit: asks for cpu 3, 1 of 4 are free
`
    const told = plain(ofWaiting)
    assert.equal(
      told,
      `Pod web-6f8d-8wz4t in default [10]: Pending, on no node yet

How it came to be (UTC, revisions in brackets)
  00:00:40  ann with kubectl-create created Deployment web [1]
  00:00:40  deployment-controller created ReplicaSet web-6f8d [2], because of Deployment web [1]
  00:01:40  bob with kubectl changed Deployment web [7]: spec.replicas
  00:01:40  deployment-controller changed ReplicaSet web-6f8d [8], because of Deployment web [7]
  00:01:40  replicaset-controller created it [9], because of ReplicaSet web-6f8d [8]
  00:01:40  scheduler reported the state of it [10]

Why it is not as wished
${why}`,
    )
    // What the document shows is what is printed.
    assert.ok(
      readFileSync(new URL('../../../docs/use.md', import.meta.url), 'utf8').includes(`\n$ wherry why pod/web-6f8d-8wz4t\n${told}\`\`\``),
    )
    const deployment = plain(await ask('deploy', 'web'))
    assert.match(deployment, /^Deployment web in default \[\d+\]: 2 of 3 pods ready\n/)
    assert.match(deployment, /bob with kubectl changed it \[7\]: spec\.replicas\n/)
    assert.ok(deployment.endsWith(`\n\nWhy it is not as wished\n${why}`), deployment)

    // What a node is worth, told of a pod that has one as if it looked for one.
    assert.match(
      await ask('pod', placed, true),
      /\n\nScores as the scheduler would give them now\n {2}node-0: (\d+) = (\w+ \d+ \+ )*NodeResourcesFit \d+/,
    )
    assert.match(await ask('pod', waiting, true), /\n\nScores as the scheduler would give them now\n {2}no node could take it\n/)

    // Somebody's deletion makes room: its successor, and the pod that takes the room, both go back to it.
    await client('carol', 'kubectl').delete(Pod, placed, inDefault)
    await wait(60)
    const gone = plain(await ask('pod', placed))
    assert.match(gone, /: not there\n/)
    assert.match(gone, /00:02:10 {2}carol \S+ \S+ deleted it/)
    assert.match(gone, /it was deleted, and is gone since 2026-01-01T00:02:10Z/)
    const after = plain(await ask('pod', waiting))
    assert.match(after, /carol with \S+ deleted Pod web-6f8d-kq2vx/)
    assert.match(after, /scheduler placed it on node-0 \[\d+\], because of Pod web-6f8d-kq2vx \[\d+\]/)
    const { items: later } = await client('ann').list(Pod, inDefault)
    const successor = later.find(({ metadata }) => pods.every((pod) => pod.metadata.name !== metadata.name))!
    const { steps } = await whyOf(c.transport, { kind: 'pods', name: successor.metadata.name, namespace: 'default', now: c.now() })
    const made = steps.find(({ object, did }) => did === 'created' && object.name === successor.metadata.name)!
    assert.deepEqual([made.who, made.because?.name], ['replicaset-controller', placed])
  }))

test('what a server has forgotten, or never knew, is told from owners and managed fields, and said to be', () =>
  withCluster(async ({ client, ask, wait, restart, transport, now }) => {
    await client('ann', 'kubectl-create').create(Deployment, web(1), inDefault)
    await wait(60)
    const { metadata } = (await client('ann').list(Pod, inDefault)).items[0]!
    const lines = [
      '00:00:40  somebody with kubectl-create created Deployment web (as its own fields tell)',
      `00:00:40  somebody with deployment-controller created ReplicaSet ${metadata.name.slice(0, -6)} (as its own fields tell)`,
      '00:00:40  somebody with replicaset-controller created it (as its own fields tell)',
      'It is as wished.',
    ]
    const notWherry: Transport = async (request) =>
      request.path.startsWith('/wherry/') ? { status: 404, headers: {}, body: Buffer.from('404 page not found') } : transport(request)
    const elsewhere = describe(await whyOf(notWherry, { kind: 'pod', name: metadata.name, namespace: 'default', now: now() }), now())
    for (const line of [...lines, 'This server keeps no record of who wrote what'])
      assert.ok(elsewhere.includes(line), `${line}\n${elsewhere}`)

    const secretive: Transport = async (request) =>
      request.path.startsWith('/wherry/') ? { status: 403, headers: {}, body: Buffer.from('forbidden') } : transport(request)
    const { notes } = await whyOf(secretive, { kind: 'pod', name: metadata.name, namespace: 'default', now: now() })
    assert.deepEqual(notes, ["Not taken into account: the server's record of writes (the server answered 403: forbidden)."])

    await restart()
    const text = await ask('pod', metadata.name)
    for (const line of [...lines, 'The server remembers nothing of how']) assert.ok(text.includes(line), `${line}\n${text}`)
  }))

test('pods that are not made, images that are not there, programs that crash', () =>
  withCluster(async ({ client, ask, wait }) => {
    const ann = client('ann', 'kubectl')
    await ann.create(ResourceQuota, { metadata: { name: 'few' }, spec: { hard: { pods: '1' } } }, inDefault)
    await wait(5)
    await ann.create(Deployment, web(2), inDefault)
    await wait(60)
    assert.match(
      await ask('deployment', 'web'),
      /deployment web: 1 of 2 pods is not there: ResourceQuota few lets no more in: asked for pods=1, used pods=1, allowed pods=1\n {4}What helps: raise the quota/,
    )
    await ann.delete(ResourceQuota, 'few', inDefault)
    await ann.create(Pod, pod('lost', 'missing:1'), inDefault)
    await ann.create(StatefulSet, set, inDefault)
    await ann.create(Pod, pod('mad', 'crashing:1'), inDefault)
    await wait(60)
    assert.match(
      await ask('pod', 'lost'),
      /pod lost, container main: the image missing:1 cannot be fetched \((ErrImagePull|ImagePullBackOff)\)\n.*no such image/,
    )
    assert.match(
      await ask('pod', 'mad'),
      /pod mad, container main: it ended with exit code 3 at 2026-01-01T\S+Z, after \d restarts\n {4}it is started again at 2026-01-01T\S+Z .*\n {4}What helps: .*kubectl logs mad -n default -c main --previous/,
    )
    // Its name is known before it is made.
    const next = await ask('pod', 'db-1')
    assert.match(next, /^StatefulSet db in default \[\d+\]: 0 of 2 pods ready/)
    assert.match(
      next,
      /statefulset db: 1 of 2 pods is not there: the next is made when db-0 is ready\n {2}pod db-0, container main: the image missing:1/,
    )
    assert.match(next, /There is no pod db-1: StatefulSet db is to make it, and that is told of here\.\n$/)
    await assert.rejects(ask('pod', 'db-2'), (error) => isError(error, 'NotFound'))
  }))

test('kinds of definitions, and what nobody knows', () =>
  withCluster(async ({ client, ask, wait, transport, now }) => {
    const ann = client('ann', 'kubectl')
    const names = { plural: 'berths', singular: 'berth', kind: 'Berth', shortNames: ['bt'] }
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
    await ann.create(CustomResourceDefinition, {
      metadata: { name: 'berths.harbour.example' },
      spec: { group: 'harbour.example', scope: 'Namespaced', names, versions: [{ name: 'v1', served: true, storage: true, schema }] },
    } as never)
    await wait(5)
    const body = {
      apiVersion: 'harbour.example/v1',
      kind: 'Berth',
      metadata: { name: 'north' },
      status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Tide', message: 'the water is too low' }] },
    }
    const path = '/apis/harbour.example/v1/namespaces/default/berths?fieldManager=kubectl-create'
    const { status } = await transport({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(body)),
    })
    assert.equal(status, 201)
    const text = await ask('bt', 'north')
    assert.match(text, /^Berth north in default \[\d+\]: not Ready\n/)
    assert.match(text, /ann with kubectl-create created it \[\d+\]/)
    assert.match(text, /berth north: its condition Ready is False \(Tide\)\n {4}the water is too low/)
    // Names of roles may hold almost anything.
    assert.match(
      await ask('clusterrole', 'system:node'),
      /^ClusterRole system:node \[\d+\]: there\n[\s\S]*(API server|somebody)[^\n]* created it/,
    )
    const missing = (kind: string, name: string) => whyOf(transport, { kind, name, namespace: 'default', now: now() })
    await assert.rejects(missing('ship', 'x'), (error) => isError(error, 'NotFound') && /serves no kind "ship"/.test(error.message))
    await assert.rejects(
      missing('pod', 'x'),
      (error) => isError(error, 'NotFound') && /there is no pod "x" in the namespace default/.test(error.message),
    )
  }))

// --- helpers ---------------------------------------------------------------------------------------------------------------------------

const { profiles } = readSchedulers(undefined)

const inDefault = { namespace: 'default' }

const pod = (name: string, image: string) => ({ metadata: { name }, spec: { containers: [{ name: 'main', image }] } }) as never

const set = {
  metadata: { name: 'db' },
  spec: {
    replicas: 2,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'main', image: 'missing:1' }] } },
  },
} as never

const web = (replicas: number) =>
  ({
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'main', image: 'web:1', resources: { requests: { cpu: '3' } } }] },
      },
    },
  }) as never

interface Scene {
  readonly transport: Transport
  client(user: string, manager?: string): ReturnType<typeof createClient>
  ask(kind: string, name: string, withScores?: boolean): Promise<string>
  wait(seconds: number): Promise<void>
  restart(): Promise<void>
  now(): number
}

async function withCluster(body: (scene: Scene) => Promise<void>): Promise<void> {
  const images = {
    'web:1': {},
    'missing:1': { isAbsent: true, pullFails: 'no such image' },
    'crashing:1': { exit: { afterMs: 1_000, code: 3 } },
  }
  const cluster: SimulatedCluster = await createSimulatedCluster({ seed: 1, nodes: 2, isUsed: true, images })
  try {
    const transportOf = (name: string) => cluster.transportAs({ name, groups: ['system:masters', 'system:authenticated'] })
    const transport = transportOf('ann')
    const now = () => cluster.clock.now()
    // Until then nodes join, and the namespace gets its service account.
    await cluster.advance(40_000)
    await body({
      transport,
      now,
      client: (user, manager = 'kubectl') => createClient(transportOf(user), { fieldManager: manager }),
      ask: async (kind, name, withScores = false) =>
        describe(await whyOf(transport, { kind, name, namespace: 'default', now: now(), profiles, withScores }), now()),
      wait: (seconds) => cluster.advance(seconds * 1000),
      async restart() {
        await cluster.stopServer(cluster.servers[0]!)
        await cluster.startServer().serving
        await cluster.advance(60_000)
      },
    })
  } finally {
    await cluster.stop()
  }
}

/** Revisions by their order, from 1: their distances are other parts' doing. */
function ranks(texts: readonly string[]): ReadonlyMap<string, string> {
  const found = new Set(
    texts.flatMap((text) => [...text.matchAll(revisions)].flatMap(([, first, last]) => [Number(first), Number(last ?? first)])),
  )
  return new Map([...found].sort((a, b) => a - b).map((revision, index) => [String(revision), String(index + 1)]))
}

const revisions = /\[(\d+)(?:–(\d+))?\]/g

/** Names that chance gives become plain. */
function renamed(text: string, numbers: ReadonlyMap<string, string>, names: Readonly<Record<string, string>>): string {
  let plain = text
  for (const [name, shown] of Object.entries(names)) plain = plain.replaceAll(name, shown)
  const number = (revision: string): string => numbers.get(revision) ?? revision
  return plain
    .replace(/web-(?=[0-9a-f]*\d)[0-9a-f]{6,10}/g, 'web-6f8d')
    .replace(revisions, (_, first: string, last?: string) => `[${number(first)}${last === undefined ? '' : `–${number(last)}`}]`)
}
