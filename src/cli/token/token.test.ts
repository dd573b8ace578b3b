import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { stringify } from 'yaml'
import { type Listening, listen } from '#apiserver/listen.ts'
import { systemClock } from '#host/clock.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { silentLog } from '#lib/log.ts'
import { startTestPlane, testAuthority } from '../../main/test-plane.ts'
import { cli } from '../cli.ts'
import { keyHash } from '../join/trusted-authority.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-token-'))
const kubeconfig = join(folder, 'kubeconfig')
let listener: Listening
let stop: () => Promise<void>

before(async () => {
  const plane = await startTestPlane({
    joining: { server: 'https://192.0.2.1:6443', facts: {} },
    staticTokens: { admin: { name: 'admin', groups: ['system:masters'] } },
  })
  const life = { notBefore: Date.now() - 1000, notAfter: Date.now() + 3_600_000 }
  const pair = makeCertificate({ commonName: 'server', usage: 'server', addresses: ['127.0.0.1'], ...life }, testAuthority)
  listener = await listen({ handler: plane.handler, host: '127.0.0.1', port: 0, ...pair, clock: systemClock, log: silentLog })
  stop = plane.stop
  const data = Buffer.from(testAuthority.certificate).toString('base64')
  const cluster = { server: `https://127.0.0.1:${listener.port}`, 'certificate-authority-data': data }
  writeFileSync(
    kubeconfig,
    stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 'admin' } }],
    }),
  )
})

after(async () => {
  await listener.close(0)
  await stop()
  rmSync(folder, { recursive: true })
})

test('a token is made, listed without its secret, and deleted', async () => {
  const made = (await told(['create', '--ttl', '30m', '--description', 'for the cellar'])).trim()
  assert.match(made, /^[a-z0-9]{6}\.[a-z0-9]{16}$/)
  const [id, secret] = made.split('.') as [string, string]
  const list = await told(['list'])
  assert.match(list, new RegExp(`^${id} {2}ends in (30m0s|29m5\\ds) {2}authentication,signing {2}for the cellar\n$`))
  assert.ok(!list.includes(secret))
  const [{ expiration, groups }] = JSON.parse(await told(['list', '--json'])) as [{ expiration: string; groups: string[] }]
  assert.deepEqual(groups, ['system:bootstrappers:kubeadm:default-node-token'])
  assert.ok(Math.abs(Date.parse(expiration) - Date.now() - 1_800_000) < 10_000)
  assert.equal(await told(['delete', made]), `Token ${id} is deleted.\n`)
  assert.match(await told(['list']), /There are no tokens/)
  await refused(['delete', id], /there is no token .*"wherry token list"/)
})

test('the command for the other machine is whole', async () => {
  const hash = keyHash(new X509Certificate(testAuthority.certificate))
  const command = await told(['create', '--print-join-command'])
  assert.match(command, new RegExp(`^wherry join https://192\\.0\\.2\\.1:6443 --token [a-z0-9.]{23} --ca-cert-hash ${hash}\n$`))
  assert.match(await told(['list']), /ends in (1h0m0s|59m5\ds)/)
  const endless = (await told(['create', '--ttl', '0'])).slice(0, 6)
  assert.match(await told(['list']), new RegExp(`${endless} {2}never ends`))
})

test('words that make no sense are refused before anything is asked', async () => {
  await refused(['create', '--ttl', 'soon'], /--ttl must be a duration of at least 1s.*not "soon"/)
  await refused(['create', '--ttl', '-1h'], /--ttl|argument/)
  await refused(['delete'], /an id is missing/)
  await refused(['delete', 'system:admin'], /is no id of a token/)
  await refused(['eat'], /token can create, list and delete, not "eat"/)
  await refused(['list', 'all'], /token list does not take "all"/)
})

async function call(words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const terminal = { out: (text: string) => void (out += text), error: (text: string) => void (err += text), interactive: false }
  const layout = { dataDirectory: join(folder, 'none'), runDirectory: join(folder, 'none-run') }
  const programs = { server: () => assert.fail('no server'), simulate: () => assert.fail('no simulation') }
  const code = await cli({ words: ['token', ...words, '--kubeconfig', kubeconfig], layout, env: {}, terminal, programs })
  return { code, out, err }
}

async function told(words: readonly string[]): Promise<string> {
  const { code, out, err } = await call(words)
  assert.equal(code, 0, err)
  return out
}

async function refused(words: readonly string[], message: RegExp): Promise<void> {
  const { code, err } = await call(words)
  assert.notEqual(code, 0)
  assert.match(err, message)
}
