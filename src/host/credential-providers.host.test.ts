import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { askProvider, nodeDockerConfig, readCredentialProviders } from './credential-providers.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-credentials-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const programs = join(folder, 'bin')
mkdirSync(programs)

const good = {
  name: 'cloud',
  apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
  matchImages: ['*.example'],
  defaultCacheDuration: '5m',
}
const response = { kind: 'CredentialProviderResponse', apiVersion: good.apiVersion, cacheKeyType: 'Image' }

program('cloud', `read -r request; printf '%s' "$request" > ${folder}/asked; printf '%s' "$ANSWER"`)
program('broken', 'echo "no such user" >&2; exit 3')
program('leaky', 'echo "the password"; exit 3')

checkFile('a provider', [good], undefined)
checkFile('none at all', [], /at least 1 item in plugins is required/)
checkFile('a name that leads elsewhere', [{ ...good, name: '../cloud' }], /provider name cannot/)
checkFile('an unknown version', [{ ...good, apiVersion: 'v2' }], /Unsupported value: "v2"/)
checkFile('no images', [{ ...good, matchImages: [] }], /matchImages: Required value/)
checkFile('no duration', [{ ...good, defaultCacheDuration: undefined }], /defaultCacheDuration: Required value/)
checkFile('a negative duration', [{ ...good, defaultCacheDuration: '-1s' }], /greater than or equal to 0/)
checkFile('one name twice', [good, good], /duplicate provider name "cloud"/)
checkFile('a program that is not there', [{ ...good, name: 'absent' }], /absent did not exist/)
checkFile(
  'tokens without an audience',
  [{ ...good, tokenAttributes: { requireServiceAccount: true, cacheType: 'Token' } }],
  /serviceAccountTokenAudience: Required value/,
)

checkAnswer('an answer', { ...response, auth: { 'a.example': { username: 'u', password: 'p' } } }, undefined)
checkAnswer('an answer of another version', { ...response, apiVersion: 'v0' }, /did not match expected apiVersion/)
checkAnswer('an answer of another kind', { ...response, kind: 'Pod' }, /unexpected Kind: "Pod"/)
checkAnswer('an answer that is none', 'secret words', /^error decoding credential provider plugin response from stdout of cloud$/)

test('a program that fails is quoted', async () => {
  const [config] = readCredentialProviders(file([{ ...good, name: 'broken' }]), programs)
  await assert.rejects(askProvider(programs)(config!, { image: 'a.example/b' }), /no such user/)
})

test('what a program that fails had answered is not told', async () => {
  const [config] = readCredentialProviders(file([{ ...good, name: 'leaky' }]), programs)
  await assert.rejects(askProvider(programs)(config!, { image: 'a.example/b' }), { message: 'credential provider leaky ended with 3: ' })
})

test('the first Docker configuration counts', () => {
  assert.deepEqual(nodeDockerConfig(folder, join(folder, 'home')), [])
  mkdirSync(join(folder, 'home/.docker'), { recursive: true })
  const auth = Buffer.from('me:pass').toString('base64')
  writeFileSync(join(folder, 'home/.docker/config.json'), JSON.stringify({ auths: { 'https://a.example/v1/': { auth } } }))
  const [entry] = nodeDockerConfig(folder, join(folder, 'home'))
  assert.deepEqual([entry!.host, entry!.path, entry!.tracked.auth.username], ['a.example', '', 'me'])
})

function checkFile(title: string, providers: readonly object[], problem: RegExp | undefined): void {
  test(title, () => {
    if (problem) assert.throws(() => readCredentialProviders(file(providers), programs), problem)
    else assert.equal(readCredentialProviders(file(providers), programs)[0]!.defaultCacheMs, 300_000)
  })
}

function checkAnswer(title: string, answer: unknown, problem: RegExp | undefined): void {
  test(title, async () => {
    const env = [{ name: 'ANSWER', value: typeof answer === 'string' ? answer : JSON.stringify(answer) }]
    const [config] = readCredentialProviders(file([{ ...good, env }]), programs)
    const asked = askProvider(programs)(config!, { image: 'a.example/b' })
    if (problem) await assert.rejects(asked, { message: problem })
    else assert.equal((await asked).auth!['a.example']!.password, 'p')
  })
}

function file(providers: readonly object[]): string {
  const path = join(folder, 'config.yaml')
  writeFileSync(path, JSON.stringify({ kind: 'CredentialProviderConfig', apiVersion: 'kubelet.config.k8s.io/v1', providers }))
  return path
}

function program(name: string, text: string): void {
  writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`)
  chmodSync(join(programs, name), 0o755)
}
