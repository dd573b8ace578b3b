import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CertificateFacts } from './interfaces.ts'
import { clientTemplate, rotationDeadline, sameTemplate, servingTemplate } from './rotation.ts'

const wanted = { ...clientTemplate('n'), dnsNames: ['n'], addresses: ['192.0.2.1'] }
const facts: CertificateFacts = { ...wanted, notBefore: 1000, notAfter: 2000 }

deadline('between 70 percent of its life', facts, 0, 1700)
deadline('and 90 percent', facts, 1, 1900)
deadline('at once where there is none', undefined, 0, -Infinity)
deadline('at once for another name', { ...facts, commonName: 'system:node:m' }, 0, -Infinity)
deadline('at once without the group', { ...facts, organizations: [] }, 0, -Infinity)
deadline('at once for a new address', { ...facts, addresses: ['192.0.2.2'] }, 0, -Infinity)
deadline('at once for a new name', { ...facts, dnsNames: [] }, 0, -Infinity)
deadline('not for saying more than asked', { ...facts, addresses: ['192.0.2.2', '192.0.2.1'], dnsNames: ['localhost', 'n'] }, 0, 1700)

test('the serving certificate names the node’s addresses, each once, and waits for one', () => {
  const made = servingTemplate('n', [
    { type: 'InternalIP', address: '192.0.2.7' },
    { type: 'InternalIP', address: 'fd00::7' },
    { type: 'ExternalDNS', address: 'n.example.com' },
    { type: 'Hostname', address: 'n' },
    { type: 'InternalDNS', address: 'n' },
  ])
  assert.deepEqual(made, {
    commonName: 'system:node:n',
    organizations: ['system:nodes'],
    dnsNames: ['n', 'n.example.com'],
    addresses: ['192.0.2.7', 'fd00::7'],
  })
  assert.equal(servingTemplate('n', [{ type: 'Hostname', address: 'n' }]), undefined)
  assert.ok(sameTemplate(made!, { ...made!, addresses: made!.addresses.toReversed() }))
  assert.ok(!sameTemplate(made!, { ...made!, addresses: ['192.0.2.7'] }))
})

function deadline(title: string, present: CertificateFacts | undefined, chance: number, expected: number): void {
  test(`renews ${title}`, () => assert.equal(rotationDeadline(present, wanted, chance), expected))
}
