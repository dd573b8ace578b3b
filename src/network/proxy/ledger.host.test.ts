/**
 * Any sequence of differences leaves the table that a whole write of the same state leaves, in a real kernel: both are listed by nft and
 * compared. Needs root and nft.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { run } from '#host/run.ts'
import { changedRules, listedRules, sameRules } from '../listed-rules.ts'
import type { Family } from './family.ts'
import { hostPortPiece } from './host-ports.ts'
import { createLedger } from './ledger.ts'
import { emptyPiece, servicePiece } from './piece.ts'
import type { ServicePort } from './service-ports.ts'
import { wayNumber } from './shared-chains.ts'
import { changeLines, factsPiece, tableFrame, unusedLines } from './table.ts'
import type { Endpoint } from './usable-endpoints.ts'

const namespace = `svcl${process.pid}`
before(() => run('ip', ['netns', 'add', namespace]))
after(() => run('ip', ['netns', 'delete', namespace]))

const nft = (words: readonly string[], input?: string) =>
  run('ip', ['netns', 'exec', namespace, 'nft', ...words], input === undefined ? {} : { input })

const addressOf = { ip: (n: number) => `10.9.0.${n}`, ip6: (n: number) => `fd00:9::${n}` } as const

const endpoint = (family: Family): fc.Arbitrary<Endpoint> =>
  fc.record({
    address: fc.integer({ min: 1, max: 6 }).map(addressOf[family]),
    port: fc.constantFrom(80, 81),
    local: fc.boolean(),
    ready: fc.constant(true),
    serving: fc.constant(true),
    terminating: fc.constant(false),
    zones: fc.constant([]),
    nodes: fc.constant([]),
  })

const endpoints = (family: Family) =>
  fc.uniqueArray(endpoint(family), { maxLength: 5, selector: ({ address, port }) => `${address} ${port}` })

/** Few names, addresses and ports, so that Services meet each other. */
const service = (family: Family): fc.Arbitrary<{ name: string; age: string; ports: ServicePort[] }> =>
  fc
    .record({
      name: fc.constantFrom('a', 'b', 'c'),
      age: fc.constantFrom('1', '2'),
      ports: fc.uniqueArray(
        fc.record({
          protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
          clusterIP: fc.constantFrom(...[100, 101].map(addressOf[family])),
          port: fc.constantFrom(80, 443),
          nodePort: fc.constantFrom(0, 30_080),
          externalIPs: fc.subarray([200, 201].map(addressOf[family])),
          balancerIPs: fc.subarray([202].map(addressOf[family])),
          sourceRanges: fc.subarray(family === 'ip' ? ['10.0.0.0/8', '192.168.0.0/16'] : ['fd01::/16', 'fd02::/64']),
          cluster: endpoints(family),
          local: endpoints(family),
          hasAny: fc.boolean(),
          internalPolicy: fc.constantFrom('Cluster', 'Local'),
          externalPolicy: fc.constantFrom('Cluster', 'Local'),
          affinitySeconds: fc.constantFrom(0, 0, 60, 3600),
        }),
        { maxLength: 2, selector: ({ protocol, port }) => `${protocol} ${port}` },
      ),
    })
    .map(({ name, age, ports }) => ({
      name,
      age,
      ports: ports.map(({ cluster, local, hasAny, ...port }) => ({
        ...port,
        key: `default/${name}/${port.protocol}/${port.port}`,
        usable: { cluster, local, hasAny: hasAny || cluster.length + local.length > 0 },
        serving: [],
      })),
    })) as fc.Arbitrary<{ name: string; age: string; ports: ServicePort[] }>

const hostPort = fc.record({
  name: fc.constantFrom('p', 'q'),
  at: fc.constantFrom(1, 2),
  hostPort: fc.constantFrom(0, 81),
  hostIP: fc.constantFrom('', '10.0.0.1'),
})

const facts = fc.record({
  unmasqueraded: fc.subarray(['192.0.2.1', '192.0.2.2', 'fd03::1']),
  serviceCIDRs: fc.subarray(['10.96.0.0/12', '10.112.0.0/16', 'fd04::/112']),
})

for (const family of ['ip', 'ip6'] as const)
  test(`differences lead where a whole write leads: ${family}`, { timeout: 120_000 }, async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: service(family).map((one) => ({ do: 'service' as const, ...one })) },
      { weight: 2, arbitrary: hostPort.map((one) => ({ do: 'pod' as const, ...one })) },
      { weight: 1, arbitrary: facts.map((one) => ({ do: 'facts' as const, ...one })) },
      { weight: 2, arbitrary: fc.constant({ do: 'sweep' as const }) },
      { weight: 6, arbitrary: fc.constant({ do: 'write' as const }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const options = { name: 'steps', clusterCIDR: '10.9.0.0/24,fd00:9::/64', nodeAddresses: ['192.0.2.1', 'fd03::1'] }
        const ledger = createLedger()
        ledger.set('facts', '', factsPiece(options, [], family))
        await nft(['-f', '-'], [tableFrame(options, family), ...changeLines('steps', family, ledger.takeAll())].join('\n').concat('\n'))
        const tables = [`${family} steps`]
        let rules = listedRules(await chainsListed(), tables)
        const write = async (lines: readonly string[]): Promise<void> => {
          if (lines.length > 0) await nft(['-f', '-'], `${lines.join('\n')}\n`)
          rules = changedRules(rules, lines.join('\n'))
        }
        for (const one of steps) {
          if (one.do === 'service') ledger.set(one.name, one.age, servicePiece(one.ports, family, ledger.get(one.name)))
          else if (one.do === 'pod') ledger.set(one.name, one.name, podPiece(one, family))
          else if (one.do === 'facts') ledger.set('facts', '', factsPiece({ ...options, ...one }, [], family))
          else if (one.do === 'write') await write(changeLines('steps', family, ledger.take()))
          else await write([...changeLines('steps', family, ledger.take()), ...unusedLines('steps', family, ledger.takeUnused())])
        }
        await write(changeLines('steps', family, ledger.take()))
        await write(unusedLines('steps', family, ledger.takeUnused()))
        await nft(
          ['-f', '-'],
          [tableFrame({ ...options, name: 'whole' }, family), ...changeLines('whole', family, ledger.takeAll())].join('\n').concat('\n'),
        )
        assert.ok(sameRules(rules, listedRules(await chainsListed(), tables)), 'it is known how many rules each chain has')
        const whole = await listed(family, 'whole')
        assert.deepEqual(await listed(family, 'steps', whole), whole)
      }),
      { numRuns: 40, ...seeded },
    )
  })

const seeded = process.env['SEED'] ? { seed: Number(process.env['SEED']) } : {}

const chainsListed = async () => (await nft(['--terse', '--stateless', '--handle', 'list', 'ruleset'])).stdout

function podPiece({ hostPort: port, hostIP }: { hostPort: number; hostIP: string }, family: Family) {
  if (port === 0) return emptyPiece
  const pod = {
    metadata: { name: 'p', namespace: 'd' },
    spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: port, hostIP, protocol: 'TCP' }] }] },
    status: { phase: 'Running', podIPs: [{ ip: addressOf[family](3) }] },
  }
  return hostPortPiece(pod as unknown as Parameters<typeof hostPortPiece>[0], family)
}

interface Listing {
  readonly chains: Readonly<Record<string, readonly unknown[]>>
  readonly others: Readonly<Record<string, readonly string[]>>
}

/**
 * Without handles, in an order of our own. The map of clients stays once it was made, and so do shared chains with their numbers: of those only
 * such count as are in `whole`.
 */
async function listed(family: Family, table: string, whole?: Listing): Promise<Listing> {
  const { stdout } = await nft(['-j', 'list', 'table', family, table])
  const objects = (JSON.parse(stdout) as { nftables: Record<string, Record<string, unknown>>[] }).nftables.slice(2)
  const chains: Record<string, unknown[]> = {}
  const others: Record<string, string[]> = {}
  for (const object of objects) {
    const [kind, body] = Object.entries(object)[0]!
    const { handle: _, table: __, index: ___, elem = [], ...rest } = body
    const name = String(rest[kind === 'rule' ? 'chain' : 'name'])
    const key = `${kind === 'rule' ? 'chain' : kind} ${name}`
    if (name === 'sticky-clients') continue
    if (whole !== undefined && wayNumber(name) !== undefined && !Object.hasOwn(whole.others, key)) continue
    if (kind === 'rule') (chains[name] ??= []).push(rest['expr'])
    else {
      const elements = (elem as unknown[]).map((one) => JSON.stringify(one)).sort()
      others[key] = [
        JSON.stringify(rest),
        ...(name === 'ways' && whole ? elements.filter((one) => whole.others[key]!.includes(one)) : elements),
      ]
    }
  }
  return { chains, others }
}
