// The page at / of `npm start`: where everything is, and how to try it. Plain HTML, no script, no internet.
type Link = [path: string, title: string, about: string]
type SignIn = { email: string; role: string }
type Content = { links: Link[]; signIns: SignIn[]; password: string; url: string }

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const safe = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? '')

/** In the page itself, so that a browser does not ask for /favicon.ico. */
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M8 1v13M4 5h8M2 9a6 5 0 0 0 12 0" fill="none" stroke="#0a5c8f" stroke-width="2"/></svg>'

export const renderHomePage = ({ links, signIns, password, url }: Content) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Seaworthy</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<style>
  :root { color-scheme: light dark; --line: light-dark(#d5dde5, #34414d); --soft: light-dark(#f3f6f9, #1b242c); --link: light-dark(#0a5c8f, #7cc4f0) }
  body { font: 16px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem; background: light-dark(#fff, #12181d); color: light-dark(#17212b, #e4ebf1) }
  h1 { margin: 0; font-size: 2rem } h2 { margin: 2.25rem 0 .5rem; font-size: 1.1rem }
  p { margin: .35rem 0 } a { color: var(--link) } ul { list-style: none; padding: 0; margin: 0 }
  li { padding: .55rem 0; border-bottom: 1px solid var(--line) } li a { font-weight: 600 } small { display: block; opacity: .8; font-size: .9rem }
  table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line) }
  pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; overflow-x: auto; font-size: .85rem }
</style>
</head>
<body>
<h1>Seaworthy</h1>
<p>A job marketplace that carries what a production readiness review asks for. This page is for development only.</p>
<h2>What runs here</h2>
<ul>
${links.map(([path, title, about]) => `<li><a href="${safe(path)}">${safe(title)}</a><small>${safe(about)}</small></li>`).join('\n')}
</ul>
<h2>Demo sign-ins</h2>
<table>
<tr><th>Role</th><th>E-mail</th><th>Password</th></tr>
${signIns.map(({ role, email }) => `<tr><td>${safe(role)}</td><td>${safe(email)}</td><td><code>${safe(password)}</code></td></tr>`).join('\n')}
</table>
<h2>A first call</h2>
<pre>curl -s ${safe(url)}/v1/jobs?limit=3

curl -s ${safe(url)}/v1/auth/login -H 'content-type: application/json' \\
  -d '{"email":"${safe(signIns[0]?.email ?? '')}","password":"${safe(password)}"}'</pre>
</body>
</html>
`
