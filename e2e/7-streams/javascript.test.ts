/** Logs, commands, input, ports and files of a pod on a real node, through the official JavaScript library. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { ApiException, Attach, CoreV1Api, Cp, Exec, KubeConfig, Log, PortForward, type V1Status } from '@kubernetes/client-node'
import { startBox } from '../support/box.ts'
import { adminKubeconfig, kubectlSaid, until } from '../support/cluster.ts'

const namespace = 'streams-javascript'
const config = new KubeConfig()
const folder = mkdtempSync(join(tmpdir(), 'wherry-streams-'))

before(() => {
  startBox(namespace)
  config.loadFromFile(adminKubeconfig)
})
after(() => {
  rmSync(folder, { recursive: true, force: true })
  kubectlSaid('delete', 'namespace', namespace, '--wait=false')
})

/** What a stream was given so far. */
function kept(stream: Readable): () => string {
  let text = ''
  stream.on('data', (bytes: Buffer) => void (text += bytes))
  return () => text
}

interface Ran {
  readonly status: V1Status
  readonly out: string
  readonly err: string
}

/** Runs a command in the box to its end. A tty has one stream for everything that is shown. */
async function exec(command: readonly string[], input?: Readable, out = new PassThrough(), tty = false): Promise<Ran> {
  const err = new PassThrough()
  const [shown, complained] = [kept(out), kept(err)]
  const { promise, resolve, reject } = Promise.withResolvers<V1Status>()
  const socket = await new Exec(config).exec(namespace, 'box', 'shell', [...command], out, tty ? null : err, input ?? null, tty, resolve)
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('the connection ended without a status')))
  const status = await promise
  return { status, out: shown(), err: complained() }
}

test('log', async () => {
  const whole = new PassThrough()
  const said = kept(whole)
  await new Log(config).log(namespace, 'box', 'shell', whole)
  await until('both lines', () => said() === 'first line\nsecond line\n')
  const core = config.makeApiClient(CoreV1Api)
  const read = (more: object) => core.readNamespacedPodLog({ namespace, name: 'box', container: 'shell', ...more })
  assert.equal(await read({ tailLines: 1 }), 'second line\n')
  assert.equal(await read({ limitBytes: 5 }), 'first')
  assert.match(await read({ timestamps: true }), /^\d{4}-\d\d-\d\dT\S+Z first line\n/)
  await assert.rejects(read({ container: 'other' }), (error: unknown) => error instanceof ApiException && error.code === 400)
  await assert.rejects(new Log(config).log(namespace, 'nobody', '', new PassThrough()), /HTTP-Code: 404/)
})

// Aborting would throw where nobody can catch it; the stream ends with the pod, after the last test.
test('followed log', async () => {
  const followed = new PassThrough()
  const said = kept(followed)
  await new Log(config).log(namespace, 'box', 'shell', followed, { follow: true, tailLines: 1 })
  assert.equal((await exec(['sh', '-c', 'echo followed > /proc/1/fd/1'])).status.status, 'Success')
  await until('the new line', () => said() === 'second line\nfollowed\n')
})

test('exec', async () => {
  const { status, out, err } = await exec(['sh', '-c', 'echo out; echo aside >&2'])
  assert.deepEqual([status.status, out, err], ['Success', 'out\n', 'aside\n'])
  // More than any window or buffer holds, and whole.
  const long = await exec(['sh', '-c', 'seq 1 200000'])
  assert.equal(long.out, Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`).join(''))
})

test('exit code', async () => {
  const { status } = await exec(['sh', '-c', 'exit 7'])
  assert.deepEqual(
    [status.status, status.reason, status.message],
    ['Failure', 'NonZeroExitCode', 'command terminated with non-zero exit code: error executing command [sh -c exit 7], exit code 7'],
  )
  assert.deepEqual(status.details?.causes, [{ reason: 'ExitCode', message: '7' }])
  const absent = await exec(['no-such-program'])
  assert.equal(absent.status.status, 'Failure')
  assert.match(absent.status.message ?? '', /no-such-program/)
  await assert.rejects(new Exec(config).exec(namespace, 'nobody', 'shell', ['true'], new PassThrough(), null, null, false))
})

test('input', async () => {
  const input = new PassThrough()
  const running = exec(['sh', '-c', 'cat; echo ended'], input)
  input.write('one\n')
  input.end('two\n')
  assert.equal((await running).out, 'one\ntwo\nended\n')
})

test('terminal', async () => {
  const screen = Object.assign(new PassThrough(), { rows: 33, columns: 77 })
  const resized = 'test -t 0 && until stty size 2>&1 | grep -q "33 77"; do sleep 0.1; done; stty size'
  const { status, out } = await exec(['sh', '-c', resized], undefined, screen, true)
  assert.deepEqual([status.status, out], ['Success', '33 77\r\n'])
})

test('attach', async () => {
  const [input, out, err] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const said = kept(out)
  const socket = await new Attach(config).attach(namespace, 'box', 'echo', out, err, input, false)
  input.write('hello, cat\n')
  await until('it comes back', () => said() === 'hello, cat\n')
  socket.close()
})

test('port-forward', async () => {
  const [input, out, err] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const [said, failed] = [kept(out), kept(err)]
  const socket = await new PortForward(config).portForward(namespace, 'box', [8080], out, err, input)
  assert.ok(typeof socket !== 'function')
  input.write('GET /index.html HTTP/1.0\r\n\r\n')
  await until('the page', () => /^HTTP\/1\.\d 200 OK\r\n[\s\S]*from the box\n$/.test(said()))
  assert.equal(failed(), '')
  socket.close()
  // Nobody listens there: told on the stream of errors.
  const none = new PassThrough()
  const told = kept(none)
  const other = await new PortForward(config).portForward(namespace, 'box', [8081], new PassThrough(), none, new PassThrough())
  await until('the failure', () => /8081/.test(told()))
  assert.ok(typeof other !== 'function')
  other.close()
})

test('cp', async () => {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')]
  for (const each of [from, to]) mkdirSync(each)
  const content = Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`).join('')
  writeFileSync(join(from, 'cargo'), content)
  const copy = new Cp(config)
  await copy.cpToPod(namespace, 'box', 'shell', from, '/tmp')
  await until('it is there', async () => (await exec(['sh', '-c', 'wc -c < /tmp/cargo'])).out.trim() === `${content.length}`)
  await copy.cpFromPod(namespace, 'box', 'shell', 'cargo', to, '/tmp')
  await until('it is back', () => readFileSync(join(to, 'cargo'), 'utf8') === content)
})
