/** The classic manifest, and what people do with it: unmodified kubectl against real nginx containers. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { adminKubeconfig, ensureUp, freshNamespace, home, inTerminal, kubectlWith, root, until, wherry } from './support/cluster.ts'
import { archiveFile, busyboxArchive, nginxArchive } from './support/images.ts'

/** The kit of the conformance suite builds this one; a machine without it tests with the installed kubectl only. */
const newKubectl = join(process.env['WHERRY_KIT_CACHE'] ?? join(homedir(), '.cache/wherry-kit'), 'bin/kubectl')

before(async () => {
  ensureUp()
  const archives = [
    archiveFile('nginx-1.7.9', await nginxArchive('docker.io/library/nginx:1.7.9')),
    archiveFile('nginx-1.9.1', await nginxArchive('docker.io/library/nginx:1.9.1')),
    archiveFile('busybox', busyboxArchive('docker.io/library/busybox:1.36')),
  ]
  const said = wherry('image', 'import', ...archives)
  assert.equal(said.code, 0, said.err)
  assert.match(said.out, /^docker\.io\/library\/nginx:1\.7\.9$/m)
})

for (const program of ['kubectl', newKubectl]) {
  describe(
    `with ${program.includes('/') ? 'kubectl 1.36' : 'the installed kubectl'}`,
    { skip: program.includes('/') && !existsSync(program) ? 'kubectl 1.36 is not built on this machine' : false },
    () => classic(program),
  )
}

function classic(program: string): void {
  const { kubectl, kubectlSaid, kubectlWithInput, inBackground } = kubectlWith(program)
  const namespace = `classic${program.includes('/') ? '-new' : ''}`
  const inside = (...words: string[]): string => kubectl('-n', namespace, ...words)
  const podNames = (): string[] =>
    inside('get', 'pods', '-l', 'app=nginx', '--field-selector=status.phase=Running', '-o', 'jsonpath={.items[*].metadata.name}')
      .split(' ')
      .filter(Boolean)
  const rollout = () => inside('rollout', 'status', 'deployment/nginx-deployment', '--timeout=60s')
  const alone = () => until('two pods and no other', () => inside('get', 'pods', '--no-headers').trim().split('\n').length === 2)

  before(() => void freshNamespace(namespace))

  test('create: two real nginx containers', async () => {
    assert.match(inside('create', '-f', join(root, 'examples/nginx-deployment.yaml')), /deployment\.apps\/nginx-deployment created/)
    assert.match(rollout(), /successfully rolled out/)
    assert.equal(podNames().length, 2)
    assert.match(inside('exec', podNames()[0]!, '--', 'cat', '/proc/1/cmdline'), /nginx/)
  })

  test('get in every form', () => {
    assert.match(inside('get', 'deployments'), /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nnginx-deployment +2\/2 +2 +2 /)
    assert.match(
      inside('get', 'pods', '-o', 'wide'),
      /NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\n\S+ +1\/1 +Running +0 +\S+ +10\.244\.\d+\.\d+ /,
    )
    assert.match(inside('get', 'deployment', 'nginx-deployment', '-o', 'yaml'), /kind: Deployment[\s\S]*image: nginx:1\.7\.9/)
    assert.equal(JSON.parse(inside('get', 'pods', '-o', 'json')).items.length, 2)
    assert.equal(inside('get', 'pods', '-o', 'jsonpath={.items[*].status.phase}'), 'Running Running')
    assert.match(inside('get', 'rs', '-o', 'name'), /^replicaset\.apps\/nginx-deployment-/)
    assert.match(inside('get', 'all'), /pod\/nginx[\s\S]*deployment\.apps\/nginx-deployment[\s\S]*replicaset\.apps\//)
  })

  test('describe: containers, conditions and the events that led here', () => {
    const text = inside('describe', 'pod', podNames()[0]!)
    for (const part of [/Image: +nginx:1\.7\.9/, /Ready +True/, /Successfully assigned/, /Created/, /Started/]) assert.match(text, part)
    assert.match(inside('describe', 'deployment', 'nginx-deployment'), /Scaled up replica set \S+ from 0 to 2/)
    assert.match(kubectl('describe', 'node'), /Ready +True/)
  })

  test('expose: ClusterIP and NodePort reach both', async () => {
    inside('expose', 'deployment', 'nginx-deployment', '--name=inner', '--port=80')
    inside('expose', 'deployment', 'nginx-deployment', '--name=outer', '--port=80', '--type=NodePort')
    const clusterIP = inside('get', 'service', 'inner', '-o', 'jsonpath={.spec.clusterIP}')
    const nodePort = inside('get', 'service', 'outer', '-o', 'jsonpath={.spec.ports[0].nodePort}')
    const address = JSON.parse(wherry('status', '--json').out).nodes[0].address
    for (const url of [`http://${clusterIP}`, `http://${address}:${nodePort}`]) {
      const seen = new Set<string>()
      await until(`${url} is answered by both`, async () => {
        const answer = await fetch(url, { headers: { connection: 'close' } })
        seen.add(/nginx! (\S+)/.exec(await answer.text())![1]!)
        return seen.size === 2
      })
      assert.deepEqual([...seen].sort(), podNames().sort())
    }
  })

  test('logs, followed as they come', async () => {
    const [pod] = podNames()
    const follow = inBackground('-n', namespace, 'logs', '-f', pod!)
    const address = inside('get', 'pod', pod!, '-o', 'jsonpath={.status.podIP}')
    await fetch(`http://${address}/one-for-the-log`)
    await until('the line comes', () => follow.output().includes('/one-for-the-log'))
    follow.stop()
    assert.match(inside('logs', pod!, '--tail=1'), /one-for-the-log/)
    assert.match(inside('logs', pod!, '--timestamps', '--since=1m'), /^\d{4}-\d\d-\d\dT/m)
    assert.match(kubectlSaid('-n', namespace, 'logs', 'nobody').err, /pods "nobody" not found/)
  })

  test('exec: output, input, exit codes, a terminal', () => {
    const [pod] = podNames()
    assert.equal(inside('exec', pod!, '--', 'echo', 'hello'), 'hello\n')
    assert.equal(kubectlWithInput('through\n', '-n', namespace, 'exec', '-i', pod!, '--', 'cat').out, 'through\n')
    assert.equal(kubectlSaid('-n', namespace, 'exec', pod!, '--', 'sh', '-c', 'echo bad >&2; exit 7').code, 7)
    assert.match(
      inTerminal(`${program} --kubeconfig ${adminKubeconfig} -n ${namespace} exec -it ${pod} -- sh -c 'test -t 0 && echo is-a-tty'`),
      /is-a-tty/,
    )
  })

  test('run, with a shell to type into, and gone afterwards', () => {
    const said = kubectlWithInput(
      'echo typed-$((40+2)); exit 3\n',
      '-n',
      namespace,
      'run',
      'passing',
      '-i',
      '--rm',
      '--quiet',
      '--image=busybox:1.36',
      '--restart=Never',
      '--',
      'sh',
    )
    assert.match(said.out, /typed-42/)
    assert.equal(inside('get', 'pods', '-o', 'name').includes('passing'), false)
  })

  test('debug beside a running container', async () => {
    const [pod] = podNames()
    inside('debug', pod!, '--image=busybox:1.36', '--profile=general', '--container=looker', '--target=nginx', '--', 'sh', '-c', 'ps')
    await until('it saw the container', () => /nginx: /.test(inside('logs', pod!, '-c', 'looker')))
  })

  test('exec and port-forward as older clients do them, over SPDY', async () => {
    const [pod] = podNames()
    process.env['KUBECTL_REMOTE_COMMAND_WEBSOCKETS'] = 'false'
    process.env['KUBECTL_PORT_FORWARD_WEBSOCKETS'] = 'false'
    try {
      assert.equal(kubectlWithInput('by SPDY\n', '-n', namespace, 'exec', '-i', pod!, '--', 'cat').out, 'by SPDY\n')
      const forward = inBackground('-n', namespace, 'port-forward', `pod/${pod}`, ':80')
      const port = await until('it listens', () => /127\.0\.0\.1:(\d+)/.exec(forward.output())?.[1])
      assert.match(await (await fetch(`http://127.0.0.1:${port}`)).text(), /Welcome to nginx!/)
      forward.stop()
    } finally {
      delete process.env['KUBECTL_REMOTE_COMMAND_WEBSOCKETS']
      delete process.env['KUBECTL_PORT_FORWARD_WEBSOCKETS']
    }
  })

  test('attach follows what runs', async () => {
    const [pod] = podNames()
    const attached = inBackground('-n', namespace, 'attach', pod!)
    const address = inside('get', 'pod', pod!, '-o', 'jsonpath={.status.podIP}')
    await until('a line of the running container', async () => {
      await fetch(`http://${address}/attached`)
      return attached.output().includes('/attached')
    })
    attached.stop()
  })

  test('port-forward', async () => {
    const forward = inBackground('-n', namespace, 'port-forward', `pod/${podNames()[0]}`, ':80')
    const port = await until('it listens', () => /127\.0\.0\.1:(\d+)/.exec(forward.output())?.[1])
    for (let round = 0; round < 3; round += 1) assert.match(await (await fetch(`http://127.0.0.1:${port}`)).text(), /Welcome to nginx!/)
    forward.stop()
    const byService = inBackground('-n', namespace, 'port-forward', 'service/inner', ':80')
    const other = await until('it listens', () => /127\.0\.0\.1:(\d+)/.exec(byService.output())?.[1])
    assert.match(await (await fetch(`http://127.0.0.1:${other}`)).text(), /Welcome to nginx!/)
    byService.stop()
  })

  test('cp, there and back', () => {
    const [pod] = podNames()
    const [there, back] = [join(home, 'there'), join(home, 'back')]
    const content = Buffer.alloc(3 << 20, 'wherry')
    writeFileSync(there, content)
    inside('cp', there, `${pod}:/tmp/file`)
    inside('cp', `${pod}:/tmp/file`, back)
    assert.ok(content.equals(readFileSync(back)))
  })

  test('scale, up and down', async () => {
    inside('scale', 'deployment', 'nginx-deployment', '--replicas=4')
    rollout()
    assert.equal(podNames().length, 4)
    inside('scale', 'deployment', 'nginx-deployment', '--replicas=2')
    await alone()
  })

  test('set image, rollout status, history, undo', async () => {
    inside('set', 'image', 'deployment/nginx-deployment', 'nginx=nginx:1.9.1')
    assert.match(rollout(), /successfully rolled out/)
    await alone()
    assert.match(inside('exec', podNames()[0]!, '--', 'wget', '-qO-', 'http://127.0.0.1'), /nginx:1\.9\.1/)
    assert.match(inside('rollout', 'history', 'deployment/nginx-deployment'), /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>/)
    inside('rollout', 'undo', 'deployment/nginx-deployment')
    rollout()
    assert.equal(inside('get', 'deployment', 'nginx-deployment', '-o', 'jsonpath={.spec.template.spec.containers[0].image}'), 'nginx:1.7.9')
    assert.match(inside('rollout', 'history', 'deployment/nginx-deployment'), /\n2 +<none>\n3 +<none>/)
    inside('rollout', 'restart', 'deployment/nginx-deployment')
    rollout()
    await alone()
  })

  test('apply, edit, patch in three forms, label, annotate', () => {
    const manifest = join(root, 'examples/nginx-deployment.yaml')
    assert.match(inside('apply', '-f', manifest), /configured|unchanged/)
    assert.match(inside('apply', '-f', manifest), /unchanged/)
    const image = '{.spec.template.spec.containers[0].image}'
    inside(
      'patch',
      'deployment',
      'nginx-deployment',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","imagePullPolicy":"IfNotPresent"}]}}}}',
    )
    assert.equal(
      inside('get', 'deployment', 'nginx-deployment', '-o', `jsonpath=${image}`),
      'nginx:1.7.9',
      'a strategic patch merges by name',
    )
    inside('patch', 'deployment', 'nginx-deployment', '--type=merge', '-p', '{"metadata":{"labels":{"patched":"merge"}}}')
    inside(
      'patch',
      'deployment',
      'nginx-deployment',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/revisionHistoryLimit","value":3}]',
    )
    inside('label', 'deployment', 'nginx-deployment', 'tier=web')
    inside('annotate', 'deployment', 'nginx-deployment', 'note=seen')
    assert.match(kubectlSaid('-n', namespace, 'label', 'deployment', 'nginx-deployment', 'tier=other').err, /already has a value/)
    process.env['KUBE_EDITOR'] =
      `${process.execPath} -e "const fs=require('fs');const f=process.argv[1];fs.writeFileSync(f,fs.readFileSync(f,'utf8').replace('revisionHistoryLimit: 3','revisionHistoryLimit: 5'))"`
    assert.match(inside('edit', 'deployment', 'nginx-deployment'), /edited/)
    const found = JSON.parse(inside('get', 'deployment', 'nginx-deployment', '-o', 'json'))
    assert.deepEqual(
      [found.metadata.labels.patched, found.metadata.labels.tier, found.metadata.annotations.note, found.spec.revisionHistoryLimit],
      ['merge', 'web', 'seen', 5],
    )
    rollout()
  })

  test('wrong input is told clearly', () => {
    assert.match(
      kubectlWithInput(
        '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"replicaz":1}}',
        '-n',
        namespace,
        'create',
        '-f',
        '-',
      ).err,
      /unknown field "spec\.replicaz"/,
    )
    const refused = kubectlWithInput(
      '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"Bad_Name"},"spec":{"containers":[{"name":"a"}]}}',
      '-n',
      namespace,
      'create',
      '-f',
      '-',
    ).err
    assert.match(refused, /metadata\.name: Invalid value: "Bad_Name"/)
    assert.match(refused, /spec\.containers\[0\]\.image: Required value/)
    assert.match(kubectlSaid('get', 'unicorns').err, /the server doesn't have a resource type "unicorns"/)
  })

  test('get -w and wait see what happens', async () => {
    const watch = inBackground('-n', namespace, 'get', 'pods', '-w', '--no-headers')
    await until('the present pods', () => watch.output().includes('Running'))
    const [pod] = podNames()
    inside('delete', 'pod', pod!, '--wait=false')
    await until('its end, and another start', () => /Terminating/.test(watch.output()) && /ContainerCreating|Pending/.test(watch.output()))
    watch.stop()
    inside('wait', '--for=delete', `pod/${pod}`, '--timeout=60s')
    assert.match(inside('wait', '--for=condition=Available', 'deployment/nginx-deployment', '--timeout=30s'), /condition met/)
  })

  test('delete: forced, graceful, with everything that hangs on it', async () => {
    const [pod] = podNames()
    assert.match(inside('delete', 'pod', pod!, '--grace-period=0', '--force'), /force deleted/)
    inside('delete', '-f', join(root, 'examples/nginx-deployment.yaml'))
    await until('its replica sets and pods are gone', () => inside('get', 'pods,rs', '-o', 'name') === '')
    kubectl('delete', 'namespace', namespace, '--timeout=60s')
    assert.match(kubectlSaid('get', 'namespace', namespace).err, /not found/)
  })
}
