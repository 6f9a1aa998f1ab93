### Beep in English. Plain, short, no blame, always with a way out.
### The same ids with the same variables stand in ur.ftl and fa.ftl; a test compares them.

app-name = Beep
language = Language
loading = Loading
continue = Continue
back = Back
close = Close
cancel = Cancel
copy = Copy
copied = Copied
copy-refused = The browser did not allow copying. Select the text and copy it yourself.
try-again = Try again
reload = Load again
refresh = Refresh
update-ready = A new version of Beep is ready
update = Update
chunk-failed = This part of Beep could not be loaded. Check the network and load again; nothing is lost.

## Getting in

activate-code = Activate Beep
activate-code-lead = Type the code from your letter
activate-authenticator = Add Beep to your authenticator app
activate-authenticator-lead = Scan this with the app on your phone. It will show a new six-digit code every 30 seconds.
activate-passphrase = Choose a passphrase
activate-passphrase-lead = It opens your messages on this device. Beep's operators never learn it.
activate-recovery = Your recovery code
activate-recovery-lead = With it you come back when your device, passphrase or phone is lost.
activate-recovery-check = Check what you wrote
activate-recovery-check-lead = Type two groups of your recovery code from the paper.
activate-finish = Last step
activate-finish-lead = Type the code that your authenticator app shows now.
step-of = Step { $step } of { $steps }
activation-code = Code from your letter
activation-code-hint = Twenty letters and digits. Case and dashes do not matter.
personnel-number = Personnel number
personnel-number-hint = As printed on your pay slip
your-login = Login:
authenticator-qr = QR code for your authenticator app
authenticator-by-hand = No camera? Type this key into the app:
authenticator-secret = Key for the authenticator app
authenticator-done = I have added it
passphrase = Passphrase
passphrase-again = Passphrase again
passphrase-show = Show passphrase
passphrase-hide = Hide passphrase
passphrase-advice = Four or more words that do not belong together are easy to remember and hard to guess.
passphrase-short = Use at least { $count } characters.
passphrase-differs = The two are not the same. Type the second one again.
strength-short = { $left } more characters
strength-weak = Easy to guess
strength-fair = Fair
strength-good = Good
recovery-code = Recovery code
recovery-code-hint = Seven groups from the paper. Case and dashes do not matter.
recovery-keep = Write this down. Nobody can reissue it
recovery-print = Print
recovery-written = I wrote it down
recovery-group = Group { $place }
recovery-group-wrong = This does not match. Look at the paper again.
recovery-see-again = Show the code again
totp = Code from the authenticator app
field-required = Please fill this in.
totp-hint = Six digits
device-name = Name of this device
device-name-hint = You will see it in your list of devices. The server sees it too.
finish = Finish
making-keys = Making your keys…
begin-again = Begin again
to-activate = I have a letter
to-recover = I lost my passphrase or phone
to-sign-in = I already have a passphrase
sign-in = Sign in
sign-in-lead = With your login, passphrase and authenticator app
login = Login
signing-in = Signing in…
replace = Use this device from now on
replace-lead = You are signed in on another device. One device at a time can be yours.
replace-warning = The other device is signed out. Messages stored only there do not come along.
replace-confirm = Use this device
recover-code = Come back with your recovery code
recover-code-lead = It sets a new passphrase and a new authenticator on this device.
recover-authenticator = Add Beep to your authenticator app
recover-authenticator-lead = The old entry no longer works. Scan this one.
recover-passphrase = Choose a new passphrase
recover-passphrase-lead = It opens your messages on this device. Beep's operators never learn it.
recover-finish = Last step
recover-finish-lead = Type the code that your authenticator app shows now.
locked = Locked
locked-lead = Your passphrase opens Beep. It works without a network too.
unlock = Unlock
unlocking = Unlocking…
not-you = Not you?
erase-title = Erase this browser's copy?
erase-confirm = Erase
revoked-replaced = You now use another device
revoked-replaced-help = This device was signed out because you signed in elsewhere. If that was not you, call the helpdesk now.
revoked-revoked = This device was signed out
revoked-revoked-help = It was removed from your list of devices. If you do not know why, call the helpdesk.
broken-evicted = The browser deleted Beep's data
broken-evicted-help = Browsers do this when the disk is full or site data is cleared. Your recovery code brings you back; messages stored only here are gone.
broken-rolled-back = This copy is older than it should be
broken-rolled-back-help = The browser's data was restored from an earlier time. Using it could expose messages, so Beep stopped. Sign in again with your recovery code.
broken-newer-version = This data was written by a newer Beep
broken-newer-version-help = Load the page again to get the newer version. Nothing is lost.
broken-storage-failed = The browser cannot store Beep's data
broken-storage-failed-help = Free some disk space, leave private browsing, then load again.
erase-and-sign-in = Erase and sign in

## Conversations

conversation = Conversation
conversations = Conversations
no-conversations = No conversations yet
no-conversations-next = Search for a colleague above to write the first message.
new-conversation = New conversation
search-label = Search colleagues
search-placeholder = Search name, post or ministry
search-clear = Clear the search
search-hint = Type a name, post or ministry, in Latin, Urdu or Persian letters.
search-found = { $count ->
    [0] Nobody found
    [one] { $count } person found
   *[other] { $count } people found
}
search-none = Nobody found
search-none-next = Try a part of the name, the post, or the other script.
directory = Directory
person-inactive = No longer in service
person-not-activated = Has not activated Beep yet
connecting = Connecting
welcome = Welcome, { $name }
welcome-next = Find a colleague in the directory and write. Only the two of you can read it.
choose-conversation = Choose a conversation
choose-conversation-next = Or begin a new one.
find-colleague = Find a colleague
keys-search = to search
keys-next = to move between conversations
draft = Draft:
unread = { $count ->
    [one] { $count } unread message
   *[other] { $count } unread messages
}
offline-banner = Saved. Sends when network returns
network = Network
online-again = The network is back
session-ended = Your session has ended. You can read; sign in to send.
sign-in-again = Sign in again
sign-in-again-lead = Drafts and waiting messages are kept and leave when you are signed in.
who-can-read = Only these members can read this
no-retention = No official copy is kept
unverified = In the directory; numbers not compared
details = Details
back-to-list = Back to conversations
fact-post = Post
fact-unit = Office
fact-ministry = Ministry
you = (you)
messages-with = Messages with { $name }
you-said = You:
said = { $name }:
message-arrived = { $name }: { $text }
typing = { $name } is typing…
typing-short = typing…
waiting-message = Waiting for this message
newer-version = Made by a newer version of Beep. Update to read it.
first-unread = New messages
latest = Jump to latest
latest-new = { $count ->
    [one] { $shown } new message
   *[other] { $shown } new messages
}
state-queued = Waiting to send
state-sent = Sent
state-delivered = Delivered
state-read = Read
state-failed = Not sent
retry = Retry
discard = Discard
notice-begun = Conversation begun
notice-new-device = { $name } has a new key. Confirm by phone
notice-new-device-mine = You use a new device. Earlier messages stay on the old one
notice-log-mismatch = The server's record does not match what members saw. Tell the helpdesk
notice-history-elsewhere = What came before is on your other device
composer-label = Message to { $name }
composer-placeholder = Write a message
composer-inactive = { $name } is no longer in service. You cannot write to them.
composer-not-activated = { $name } has not activated Beep yet. You can write once they have.
send = Send
day-today = Today
date-full = { $weekday }, { $date }
date-time = { $date }, { $time }
day-yesterday = Yesterday

## Settings

settings = Settings
settings-look = Language and look
settings-privacy = Locking
settings-devices = Devices and sign-out
settings-diagnostics = Diagnostics
theme = Theme
theme-system = Like the system
theme-light = Light
theme-dark = Dark
calendar = Calendar
calendar-gregorian = Gregorian
calendar-persian = Persian
calendar-islamic = Islamic
calendar-today = Today is { $date }
writing = Writing
enter-key = The Enter key
enter-sends = Sends the message
enter-breaks = Begins a new line
lock-after = Lock after
lock-after-hint = Without use. Your passphrase opens Beep again.
lock-now = Lock now
lock-now-hint = Locking keeps everything on this device, unreadable without your passphrase.
minutes = { $count ->
    [one] { $shown } minute
   *[other] { $shown } minutes
}
hours = { $count ->
    [one] { $shown } hour
   *[other] { $shown } hours
}
device-this = This device
device-added-at = Added { $date }
device-seen-at = Last seen { $date }
device-revoked-at = Signed out { $date }
device-revoke = Sign out
device-revoke-title = Sign out { $name }?
device-revoke-warning = It is disconnected at once and can read nothing new.
device-revoked-done = The device is signed out
sign-out = Sign out
sign-out-hint = You are signed in as { $login }.
sign-out-title = Sign out and erase?
sign-out-warning = All messages, drafts and keys in this browser are erased. What is stored only here cannot be brought back, and you need your recovery code to return.
sign-out-or-lock = To leave your desk, lock Beep instead.
sign-out-confirm = Sign out and erase
diagnostics-lead = For the helpdesk. It has no names and no content; nothing is sent by itself.

## Refusals: one sentence a code of beep/errors.py, and of the client's own

error-unknown = Something did not work ({ $code }). Try again; if it stays, call the helpdesk.
error-bad-request = Beep sent something that the server does not accept. Load again; if it stays, call the helpdesk.
error-not-signed-in = Your session has ended. Sign in again; drafts are kept.
error-forbidden = You may not do this here. If you need to, ask the helpdesk.
error-not-found = This is not there, or not for you. Go back and choose again.
error-method-not-allowed = Beep and the server do not fit. Load the page again.
error-conflict = Somebody changed this first. Look again and repeat if needed.
error-too-large = This is too long. Send it in parts.
error-rate-limited = Too many tries. Wait { $seconds } seconds and try again.
error-busy = The server is busy. It will be tried again in { $seconds } seconds.
error-internal = Something went wrong on Beep's side. Nothing was lost; try again.
error-code-refused = Code and personnel number do not match, or the letter has expired. Check both, or ask the helpdesk for a new letter.
error-code-used = Letter already used. Call helpdesk
error-sign-in-refused = Login, passphrase or code does not match. Check the keyboard language and the phone's clock.
error-totp-refused = This code does not match or was used. Wait for the next one; check the phone's clock.
error-challenge-refused = This took too long. Begin again.
error-recovery-refused = This recovery code is not the one for this login. Check the paper for look-alikes.
error-ticket-refused = This took too long. Begin again; nothing was changed.
error-person-inactive = The directory does not list you as active. Call the helpdesk.
error-weak-secret = The passphrase could not be used. Choose another.
error-statement-malformed = Your list of devices could not be read. Load again; if it stays, call the helpdesk.
error-statement-refused = The change to your devices was refused. Load again; if it stays, call the helpdesk.
error-statement-stale = Your devices were changed elsewhere. Try again.
error-device-unknown = This device is not in the list. Look at the list again.
error-device-revoked = This device was signed out. Sign in again with your recovery code.
error-key-package-refused = This device's keys were not accepted. Load again; if it stays, call the helpdesk.
error-key-package-pool-full = This device has enough keys in store. Nothing needs to be done.
error-no-key-package = Your colleague's device must come online once before you can write. Try again later.
error-not-a-member = You are not a member of this conversation. Go back to the list.
error-no-partner = You cannot write to this person: they have left, or it is you.
error-policy-refused = The conversation could not begin. Try again; if it stays, call the helpdesk.
error-frame-refused = The server refused this message. Retry, or discard it.
error-generation-conflict = The conversation has changed. Retry in a moment.
error-epoch-conflict = The conversation has changed. Retry in a moment.
error-successor-not-allowed = The conversation cannot be begun anew now. Retry in a moment.
error-removal-due = A device must leave this conversation first. Retry in a moment.
error-counter-old = This device's copy is behind. Sign in again with your recovery code.
error-counter-gap = A message before this one is still on its way. Retry in a moment.
error-slot-old = A newer reading position is known already. Nothing needs to be done.
error-range-refused = These messages cannot be fetched. Go to the latest and scroll back.
error-protocol-violation = Beep and the server do not fit. Load the page again.
error-hello-first = Beep and the server do not fit. Load the page again.
error-offline = No network. Try again when it is back.
error-wrong-passphrase = This is not the passphrase. Check Caps Lock and the keyboard language.
error-recovery-code-malformed = This is not a complete recovery code. Compare each group with the paper.
error-activation-code-malformed = This is not a complete code. Compare it with the letter.
error-passphrase-too-short = The passphrase is too short. Add a word or two.
error-identity-chain-refused = The server's list of this person's devices contradicts itself. Nothing was sent; tell the helpdesk.
error-group-refused = The server offered a conversation that breaks the rules. It was refused; tell the helpdesk.
error-storage-failed = The browser could not store this. Free some disk space and try again.
