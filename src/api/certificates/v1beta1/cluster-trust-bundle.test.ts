import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { created, updated } from '#api/testing/check-kind.ts'
import { ClusterTrustBundle } from './cluster-trust-bundle.ts'
import { issue } from './testing/issue.ts'

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const authority = (from: number) => issue({ publicKey, from, until: from + 3_600_000, isAuthority: true })
const [one, two, leaf] = [authority(0), authority(1000), issue({ publicKey, from: 0, until: 3_600_000 })]
const bad = (problem: string) => [`spec.trustBundle: Invalid value: "<value omitted>": ${problem}`]
const named = (name: string, problem: string) => [`metadata.name: Invalid value: "${name}": ${problem}`]

interface Case {
  readonly name?: string
  readonly signerName?: string
  readonly trustBundle?: string
  readonly causes?: readonly string[]
}

/** Causes as kube-apiserver v1.36.3 answered them. */
const cases: Readonly<Record<string, Case>> = {
  'of nobody': {},
  'of a signer': { name: 'x.io:y:a', signerName: 'x.io/y', trustBundle: `${one}between\n${two}` },
  'of nobody under a signer’s name': {
    name: 'a:b',
    causes: named('a:b', 'ClusterTrustBundle without signer name must not have ":" in its name'),
  },
  'of a signer under another name': {
    name: 'foo',
    signerName: 'x.io/y',
    causes: named('foo', 'ClusterTrustBundle for signerName x.io/y must be named with prefix x.io:y:'),
  },
  'of a signer that is none': {
    name: 'a',
    signerName: 'noslash',
    causes: [
      ...named('a', 'ClusterTrustBundle for signerName noslash must be named with prefix noslash:'),
      'spec.signerName: Invalid value: "noslash": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
    ],
  },
  'without certificates': { trustBundle: 'hello', causes: bad('at least one trust anchor must be provided') },
  'with one that is no authority': { trustBundle: leaf, causes: bad('entry 0 does not have the CA bit set') },
  'with some twice': {
    trustBundle: one + one + two + two,
    causes: [...bad('duplicate trust anchor (indices [0 1])'), ...bad('duplicate trust anchor (indices [2 3])')],
  },
  'with a key': {
    trustBundle: `-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n${leaf}`,
    causes: [...bad('entry 0 has bad block type: PUBLIC KEY'), ...bad('entry 1 does not have the CA bit set')],
  },
  'with headers': {
    trustBundle: one.replace('-----\n', '-----\nA: b\n\n'),
    causes: bad('entry 0 has PEM block headers'),
  },
  'with what is no certificate': {
    trustBundle: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    causes: bad('entry 0 does not parse as X.509'),
  },
  'past its size': { trustBundle: 'x'.repeat(1024 * 1024 + 1), causes: ['spec.trustBundle: Too long: may not be more than 1048576 bytes'] },
}

const body = ({ name = 'b', signerName, trustBundle = one }: Case) => ({
  metadata: { name },
  spec: { trustBundle, ...(signerName !== undefined && { signerName }) },
})

for (const [name, given] of Object.entries(cases))
  test(`a bundle ${name}`, () => assert.deepEqual(created(ClusterTrustBundle, body(given)).causes, given.causes ?? []))

test('a bundle keeps its signer; what nobody changed is not judged again', () => {
  const { object } = created(ClusterTrustBundle, body({}))
  const write = (spec: object) => updated(ClusterTrustBundle, object, { ...object, spec }).causes
  assert.deepEqual(write({ trustBundle: two }), [])
  assert.deepEqual(write({ trustBundle: 'x' }), bad('at least one trust anchor must be provided'))
  assert.ok(write({ trustBundle: one, signerName: 'x.io/y' }).includes('spec.signerName: Invalid value: "x.io/y": field is immutable'))
  const old = { ...object, spec: { trustBundle: 'what an older server took' } }
  assert.deepEqual(updated(ClusterTrustBundle, old, { ...old, metadata: { ...old.metadata, labels: { a: 'b' } } }).causes, [])
})
