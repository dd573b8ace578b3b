import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { secretCertificate } from './secret-certificate.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-secret-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')

/** A self-signed pair with such a key, and a name for its files. */
function pair(name: string, ...key: string[]): { readonly chain: string; readonly key: string } {
  openssl(
    'req',
    '-x509',
    '-nodes',
    '-subj',
    '/CN=x.example',
    '-days',
    '3',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.crt`,
    '-newkey',
    ...key,
  )
  return { chain: read(`${name}.crt`), key: read(`${name}.key`) }
}

function check({ chain, key }: { readonly chain: string; readonly key: string }, problem?: RegExp): void {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const secret = { metadata: { namespace: 'ns', name: 'tls' }, data: { 'tls.crt': base64(chain), 'tls.key': base64(key) } }
  const found = secretCertificate(secret as unknown as Parameters<typeof secretCertificate>[0])
  if (problem === undefined) assert.ok('chain' in found, JSON.stringify(found))
  else assert.match('problem' in found ? found.problem : 'none', problem)
}

test('keys that the proxy takes are taken, and those that it refuses are refused before', () => {
  const rsa = pair('rsa', 'rsa:2048')
  check(rsa)
  check(pair('ec', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'))
  check(pair('ed', 'ed25519'))
  check(pair('weak', 'rsa:1024'), /1024 bits.*2048/)
  check(pair('small', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp192k1'), /secp192k1/)
  check({ ...rsa, key: read('ec.key') }, /not the key/)
})

test('signatures that the proxy refuses are refused before, but for those that sign themselves', () => {
  const authority = pair('ca', 'rsa:2048')
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=x.example')
  const sign = (digest: string) => {
    openssl(
      'x509',
      '-req',
      digest,
      '-in',
      'leaf.csr',
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-out',
      'leaf.crt',
      '-days',
      '3',
    )
    return { chain: read('leaf.crt') + authority.chain, key: read('leaf.key') }
  }
  check(sign('-sha256'))
  check(sign('-sha1'), /sha1/i)
})

test('what stands beside certificates and key gets nowhere', () => {
  const rsa = pair('more', 'rsa:2048')
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const data = { 'tls.crt': base64(`# a comment\n${rsa.chain}\nssl-min-ver SSLv3\n`), 'tls.key': base64(`${rsa.key}trailing`) }
  const found = secretCertificate({ metadata: { namespace: 'ns', name: 'tls' }, data } as unknown as Parameters<
    typeof secretCertificate
  >[0])
  assert.ok('chain' in found && found.chain === rsa.chain && !found.key.includes('trailing'))
  check({ ...rsa, key: rsa.key + rsa.key }, /2 private keys/)
})
