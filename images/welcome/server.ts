/** The welcome application: a page that tells which replica answered. It imports nothing but Node, so that its image is Node and this file. */
import { createServer } from 'node:http'

const replica = process.env['POD_NAME'] ?? 'unknown'
const node = process.env['NODE_NAME'] ?? 'unknown'
const color = `hsl(${[...replica].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7)} 60% 42%)`
let answered = 0

const page = (): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Welcome to Wherry</title>
<style>
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 18px/1.6 system-ui, sans-serif; background: #f5f2ea; color: #23303a }
  main { max-width: 34rem; padding: 2rem }
  h1 { font-weight: 600; margin: 0 0 .5rem }
  .replica { display: inline-block; padding: .2rem .7rem; border-radius: .4rem; color: #fff; background: ${color}; font-family: ui-monospace, monospace }
  code { background: #e7e1d3; padding: .1rem .35rem; border-radius: .3rem; font-size: .9em }
  footer { margin-top: 2rem; color: #6b7680; font-size: .85em }
</style>
<main>
  <h1>Your cluster is afloat.</h1>
  <p>This answer came from replica <span class="replica">${replica}</span><br>on node <code>${node}</code>.</p>
  <p>Load the page again and another replica may answer. Ask for more of them:</p>
  <p><code>wherry kubectl scale deployment/welcome --replicas=3</code></p>
  <footer>Answer ${answered} of this replica.</footer>
</main>
`

const server = createServer((request, response) => {
  if (request.url === '/healthz') return void response.end('ok\n')
  answered += 1
  // A kept connection would always reach the same replica; the page is there to show that several answer.
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    connection: 'close',
    'x-replica': replica,
  })
  response.end(page())
})
server.listen(8080, () => console.log(`${replica} listens on 8080`))
process.once('SIGTERM', () => server.close(() => process.exit(0)))
