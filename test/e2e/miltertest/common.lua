-- Loaded by the others: a connection, and checks that end the script with what is wrong.
-- miltertest itself does not print what error() says.
function fail(text)
  mt.echo(text)
  error(text)
end

function want(got, expected, what)
  if got ~= expected then fail(what .. ": " .. tostring(got) .. ", not " .. tostring(expected)) end
end

function ok(failure, what)
  if failure ~= nil then fail(what .. ": " .. tostring(failure)) end
end

function connect()
  local conn = mt.connect("inet:" .. port .. "@127.0.0.1", 40, 0.05)
  if conn == nil then fail("cannot connect") end
  return conn
end

-- miltertest 2.11 sends the last two in the other order than its manual says.
function negotiate(conn, version, actions, steps)
  ok(mt.negotiate(conn, version, steps, actions), "negotiate")
end

-- A message up to its end; the Subject says what the judge does.
function message(conn, subject)
  ok(mt.mailfrom(conn, "<sender@client.example>", "SIZE=100"), "mailfrom")
  ok(mt.rcptto(conn, "<you@example.com>"), "rcptto")
  ok(mt.header(conn, "Subject", " " .. subject), "header")
  ok(mt.header(conn, "From", " a@client.example"), "header")
  ok(mt.eoh(conn), "eoh")
  ok(mt.bodystring(conn, "hello\r\n"), "body")
  ok(mt.eom(conn), "eom")
end
