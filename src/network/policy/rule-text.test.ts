/** What each field of a policy becomes. What the rules mean is for the property test and for real packets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import { compilePolicy } from './compiled-policy.ts'
import { policyChainName, policyRules } from './rule-text.ts'

check('no rules', { ingress: [] }, { ingress: [] })
check('a rule without fields', { ingress: [{}] }, { ingress: ['accept'] })
check('empty lists', { ingress: [{ from: [], ports: [] }] }, { ingress: ['accept'] })
check('what goes out asks on', { policyTypes: ['Egress'], egress: [{}] }, { egress: ['goto ingress'] })
check('types by default: what comes in', {}, { ingress: [] })
check('types by default: what goes out, where there are rules for it', { egress: [{}] }, { ingress: [], egress: ['goto ingress'] })
check('only what the types say', { policyTypes: ['Ingress'], egress: [{}] }, { ingress: [] })
check(
  'ports of one protocol are one match',
  { ingress: [{ ports: [{ port: 81 }, { port: 80 }, { port: 8000, endPort: 8100 }, { port: 8050, endPort: 8200 }] }] },
  {
    ingress: ['tcp dport { 80-81, 8000-8200 } accept'],
  },
)
check(
  'a whole protocol covers its ports',
  { ingress: [{ ports: [{ protocol: 'UDP' }, { protocol: 'UDP', port: 53 }, { protocol: 'SCTP', port: 7 }] }] },
  {
    ingress: ['meta l4proto udp accept', 'sctp dport 7 accept'],
  },
)
check('an unknown protocol opens nothing', { ingress: [{ ports: [{ protocol: 'QUIC', port: 1 }] }] }, { ingress: [] })
check('a peer of nothing is nobody', { ingress: [{ from: [{}] }] }, { ingress: [] })
check(
  'blocks are one match a family',
  { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }, { ipBlock: { cidr: '192.0.2.0/24' } }, { ipBlock: { cidr: '::/0' } }] }] },
  {
    ingress: ['ip saddr { 10.0.0.0/8, 192.0.2.0/24 } accept', 'meta nfproto ipv6 accept'],
  },
)
check(
  'where something goes',
  { policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '192.0.2.7/32' } }], ports: [{ port: 443 }] }] },
  {
    egress: ['ip daddr 192.0.2.7 tcp dport 443 goto ingress'],
  },
)
check(
  'pods, by sets of both families',
  { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] },
  {
    ingress: ['ip saddr @pods-A-4 tcp dport 80 accept', 'ip6 saddr @pods-A-6 tcp dport 80 accept'],
  },
)
check(
  'a named port, by sets of addresses and ports',
  { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'http' }] }] },
  {
    ingress: [
      'ip saddr @pods-A-4 ip daddr . meta l4proto . th dport @ports-B-4 accept',
      'ip6 saddr @pods-A-6 ip6 daddr . meta l4proto . th dport @ports-B-6 accept',
    ],
  },
)
check(
  'equal selections share a set, however they are written',
  {
    ingress: [
      { from: [{ podSelector: { matchLabels: { a: '1', b: '2' } } }] },
      {
        from: [
          {
            podSelector: {
              matchExpressions: [
                { key: 'b', operator: 'In', values: ['2'] },
                { key: 'a', operator: 'In', values: ['1', '1'] },
              ],
            },
          },
        ],
        ports: [{ port: 80 }],
      },
    ],
  },
  {
    ingress: [
      'ip saddr @pods-A-4 accept',
      'ip6 saddr @pods-A-6 accept',
      'ip saddr @pods-A-4 tcp dport 80 accept',
      'ip6 saddr @pods-A-6 tcp dport 80 accept',
    ],
  },
)
check(
  'a namespace selector makes it another selection',
  { ingress: [{ from: [{ podSelector: {} }, { namespaceSelector: {} }] }] },
  {
    ingress: ['ip saddr @pods-A-4 accept', 'ip saddr @pods-B-4 accept', 'ip6 saddr @pods-A-6 accept', 'ip6 saddr @pods-B-6 accept'],
  },
)

test('chains of the longest names there are can be told apart, and nft takes them', () => {
  const [namespace, name] = ['n'.repeat(63), 'a'.repeat(253)]
  const [one, other] = [policyChainName('ingress', `${namespace}/${name}`), policyChainName('ingress', `${namespace}/${name.slice(1)}b`)]
  assert.notEqual(one, other)
  assert.ok(one.length <= 100)
  assert.equal(policyChainName('egress', 'shop/web'), 'out-shop/web')
})

/** Names of sets are hashes: here they are letters, in the order in which they come. */
function check(name: string, spec: object, expected: Readonly<Partial<Record<'ingress' | 'egress', readonly string[]>>>): void {
  test(name, () => {
    const compiled = compilePolicy({
      metadata: { name: 'p', namespace: 'x' },
      spec: { podSelector: {}, ...spec },
    } as unknown as NetworkPolicy)
    const letters = new Map<string, string>()
    const shown = (rules: string[]): string[] =>
      rules.map((rule) =>
        rule.replaceAll(/@(pods|ports)-([0-9a-f]{20})/g, (_, sort: string, hash: string) => {
          if (!letters.has(hash)) letters.set(hash, String.fromCharCode(65 + letters.size))
          return `@${sort}-${letters.get(hash)}`
        }),
      )
    const { ingress, egress } = compiled
    assert.deepEqual(
      {
        ...(ingress && { ingress: shown(policyRules('ingress', ingress)) }),
        ...(egress && { egress: shown(policyRules('egress', egress)) }),
      },
      expected,
    )
  })
}
