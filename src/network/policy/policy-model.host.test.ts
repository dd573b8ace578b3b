/** The rules of whatever comes to pass, in a real kernel: each difference is taken, and they lead where a whole rewrite does. Needs root and nft. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { createNft } from '#host/nft.ts'
import { run } from '#host/run.ts'
import { changedRules, listedRules, sameRules } from '../listed-rules.ts'
import { compilePolicy } from './compiled-policy.ts'
import { createPolicyModel, noTable, type PolicyModel } from './policy-model.ts'
import { policyPod } from './policy-pod.ts'
import { testNode, type WorldChange, worldChanges } from './testing/worlds.ts'

const node = `netpol${process.pid}`
before(() => run('ip', ['netns', 'add', node]))
after(() => run('ip', ['netns', 'delete', node]))

test('netpol: a kernel takes every difference', async () => {
  for (const [i, changes] of fc.sample(worldChanges, { numRuns: 25, seed: 7 }).entries()) {
    const model = createPolicyModel('t')
    await nft(model.takeWhole())
    let rules = await rulesListed()
    for (const change of changes) {
      tell(model, change)
      const text = model.takeChanges()
      if (text !== '') await nft(text)
      rules = changedRules(rules, text)
    }
    assert.ok(sameRules(rules, await rulesListed()), 'it is known how many rules each chain has')
    const byDifferences = await listed()
    await nft(model.takeWhole())
    assert.deepEqual(byDifferences, await listed(), `history ${i}`)
  }
})

test('netpol: it shows when somebody took the table or its rules away', async () => {
  const { hasRules } = createNft(['ip', 'netns', 'exec', node])
  const model = createPolicyModel('t')
  const isThere = () => hasRules(['inet t'])
  await inside('nft', 'flush', 'ruleset')
  for (const words of ['flush ruleset', 'flush table inet t', 'flush chain inet t forward']) {
    assert.equal(await isThere(), false, 'before it is written')
    await nft(model.takeWhole())
    assert.equal(await isThere(), true)
    await inside('nft', ...words.split(' '))
    assert.equal(await isThere(), false, words)
  }
})

test('netpol: the table goes, and going again is no failure', async () => {
  await nft(createPolicyModel('t').takeWhole())
  await nft(noTable('t'))
  await nft(noTable('t'))
  assert.equal((await inside('nft', 'list', 'tables')).stdout.trim(), '')
})

test('netpol: a kernel takes the longest names', async () => {
  const [name, value] = ['n'.repeat(63), 'v'.repeat(63)]
  const labels = { [`${'d'.repeat(200)}.example.com/${name}`]: value, app: value }
  const model = createPolicyModel('t')
  model.setNamespace(name, labels)
  const peer = { namespaceSelector: { matchLabels: labels }, podSelector: { matchLabels: labels } }
  const ports = [{ protocol: 'TCP', port: 'a'.repeat(15) }]
  const spec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [peer], ports }], egress: [{ to: [peer], ports }] }
  const metadata = { name: `${'p'.repeat(250)}.x`, namespace: name }
  model.setPolicy('p', compilePolicy({ metadata, spec } as unknown as Parameters<typeof compilePolicy>[0]))
  const pod = { metadata: { ...metadata, labels }, spec: { nodeName: testNode, containers: [] }, status: { podIP: '10.0.0.1' } }
  model.setPod('p', policyPod(pod as unknown as Parameters<typeof policyPod>[0], testNode))
  await nft(model.takeWhole())
  assert.match((await inside('nft', 'list', 'table', 'inet', 't')).stdout, /10\.0\.0\.1 : goto pods-in-/)
})

function tell(model: PolicyModel, change: WorldChange): void {
  if (change.kind === 'policy') model.setPolicy(change.key, change.policy && compilePolicy(change.policy))
  else if (change.kind === 'pod') model.setPod(change.key, change.pod && policyPod(change.pod, testNode))
  else model.setNamespace(change.name, change.namespace?.metadata.labels)
}

const inside = (command: string, ...words: string[]) => run('ip', ['netns', 'exec', node, command, ...words])
const nft = (input: string) => run('ip', ['netns', 'exec', node, 'nft', '-f', '-'], { input })

async function rulesListed() {
  const { listRules } = createNft(['ip', 'netns', 'exec', node])
  return listedRules(await listRules(['inet t']), ['inet t'])
}

/** Sets, maps, chains and rules without their handles and places. */
async function listed(): Promise<unknown> {
  const { nftables } = JSON.parse((await inside('nft', '--json', 'list', 'table', 'inet', 't')).stdout) as {
    nftables: Record<string, object>[]
  }
  const texts = nftables.map((one) =>
    JSON.stringify(one, (key, value) =>
      key === 'handle' || key === 'index' || key === 'packets' || key === 'bytes'
        ? undefined
        : key === 'elem'
          ? value.map((e: unknown) => JSON.stringify(e)).sort()
          : value,
    ),
  )
  return texts.sort()
}
