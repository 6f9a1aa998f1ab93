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
replace = Use your recovery code
replace-lead = It makes this device yours and signs out all your others.
replace-warning = Your other devices are signed out. Messages stored only there do not come along.
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
welcome-next = Find a colleague in the directory and write, or make a group. Only its members can read it.
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
read-only-banner = The server has been restored. You can read; what you write is kept and sent later
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
message = Message
message-info = Message info
message-more = More: message of { $name }, { $time }
message-more-mine = More: your message, { $time }
message-discarded = The message is discarded
info-written = Written { $date }
info-read = Read by
info-delivered = Delivered to
info-sent = Not yet delivered to
info-large = In groups of more than fifty, nobody is told how far others have read.
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

## Groups

somebody = A colleague
names-more = { $names } and { $shown } others
names-you = you
group-unnamed = Group without a name
new-direct = Message a person
new-group = New group
new-group-people = Choose who belongs to it
new-group-about = Name and picture
make-group = Make the group
group-kept = Your choices are kept until you lock or close Beep
group-discarded = The new group is discarded
group-name = Name of the group
group-name-hint = The members see it. The server does not.
group-picture = Picture of the group
group-making = Adding people…
group-making-help = Keep this page open until everybody is in.
group-made = The group is made
group-renamed = The group has a new name
progress-of = { $done } of { $total }
pick-people = Ways to find people
pick-name = By name
pick-unit = By office
pick-paste = From a list
people-chosen = { $count ->
    [one] { $shown } person chosen
   *[other] { $shown } people chosen
}
people-count = { $count ->
    [one] { $shown } person
   *[other] { $shown } people
}
chips-more = { $count ->
    [one] and { $shown } more
   *[other] and { $shown } more
}
unchoose = Take out { $name }
choose-all = { $count ->
    [one] Choose { $shown }
   *[other] Choose all { $shown }
}
unchoose-all = Take all out
already-member = already a member
person-invited-later = Not yet activated: comes in when they activate
search-units = Search offices
units-none = No office found. Try a part of its name, or the ministry's.
unit-empty = Nobody is listed in this office.
back-to-units = Back to the offices
paste-label = One person a line
paste-hint = Names, logins or personnel numbers, pasted from a list or a table.
paste-look = { $count ->
    [one] Find { $shown } person
   *[other] Find { $shown } people
}
paste-found = { $found } of { $total } found
paste-edit = Change the list
paste-none = Nobody found. Check the spelling, or search by name.
paste-several = Several people fit. Who is meant?
invited-note = { $count ->
    [one] { $shown } person has not activated Beep yet. They come in by themselves when they do, and read what is written from then on.
   *[other] { $shown } people have not activated Beep yet. They come in by themselves when they do, and read what is written from then on.
}
size-may = With more than { $limit } devices a group counts as large: its encryption is then classical, without the part that resists quantum computers.
size-large = Large group: classical encryption. It is strong today, but lacks the part that resists quantum computers.
suite-hybrid = Quantum-resistant encryption
suite-classical = Large group: classical encryption
members-count = { $count ->
    [one] { $shown } member
   *[other] { $shown } members
}
search-members = Search members
role-admin = Admin
role-invited = Invited
member-devices = { $count ->
    [0] no device at present
    [one] one device
   *[other] { $shown } devices
}
add-members = Add people
add-count = { $count ->
    [one] Add { $shown } person
   *[other] Add { $shown } people
}
members-adding = Adding people…
members-added = { $count ->
    [one] { $shown } person added
   *[other] { $shown } people added
}
members-added-invited = Added: { $added }. Invited: { $invited }; they come in when they activate.
make-admin = Make admin
unmake-admin = No longer admin
write-to = Write a message
remove = Remove
remove-from-group = Remove from the group
remove-member-title = Remove { $name }?
remove-member-warning = All their devices lose the group at once. They keep what they have read, and see who removed them.
member-removed = { $name } is removed
leave-group = Leave the group
leave-title = Leave { $name }?
leave-warning = You can still read what came before, but nothing new. Only an admin can add you again.
leave-last-admin = You are the only admin. If you leave now, another member becomes admin unasked. Better make somebody admin first.
rename = Rename
rename-group = Rename the group
picture = Picture
picture-choose = Choose a picture
picture-other = Another picture
picture-remove = No picture
picture-crop = Part of the picture that is shown. Arrow keys move it.
picture-zoom = Nearer
picture-move = Drag the picture to move it.
picture-failed = This file could not be read as a picture. Choose a JPEG, PNG or WebP.
picture-saved = The group has a new picture
save = Save
undo = Undo
done = Done
more-about = More: { $name }
pin = Pin to the top
unpin = Unpin
pinned = Pinned
unpinned = No longer pinned
mute-1 = Mute for 1 hour
mute-8 = Mute for 8 hours
mute-always = Mute always
unmute = Unmute
muted = Muted
unmuted = No longer muted
typing-several = { $names } are typing…
copied-message = From your other device
composer-label-group = Message to the group { $name }
standing-out = You are no longer a member
standing-out-help = What came before stays readable here. To come back, ask an admin of the group.
standing-waiting = Waiting for a colleague's device
standing-waiting-help = The next member who comes online lets this device in by itself. You need not do anything.
standing-stopped = The group is being made anew
standing-stopped-help = Something in it did not add up, so writing rests for a moment. Drafts are kept.
notice-group-begun = { $by } made the group
notice-group-begun-mine = You made the group
notice-added = { $by } added { $names }
notice-added-mine = You added { $names }
notice-added-you = { $by } added you. You read what is written from now on
notice-invited = { $by } invited { $names }. They come in when they activate Beep
notice-invited-mine = You invited { $names }. They come in when they activate Beep
notice-joined = { $names } came in, as invited
notice-joined-you = You are in, as invited. You read what is written from now on
notice-removed = { $by } removed { $names }
notice-removed-mine = You removed { $names }
notice-removed-directory = { $names } left with their entry in the directory
notice-you-removed = { $name } removed you
notice-you-removed-directory = You were removed
notice-you-left = You left the group
notice-left = { $name } left the group
notice-admin = { $by } made { $name } an admin
notice-admin-mine = You made { $name } an admin
notice-admin-directory = { $name } is an admin now, as the last one has gone
notice-admin-you = You are an admin now
notice-unadmin = { $by } ended { $name }'s time as admin
notice-unadmin-mine = You ended { $name }'s time as admin
notice-unadmin-directory = { $name } is no longer an admin
notice-unadmin-you = You are no longer an admin
notice-renamed = { $by } named the group { $name }
notice-renamed-mine = You named the group { $name }
notice-picture = { $by } changed the picture
notice-picture-mine = You changed the picture
notice-device-added = { $name } uses another device as well
notice-device-added-mine = Your new device is in
notice-device-removed = A device of { $name } is out
notice-device-removed-mine = A device of yours is out
notice-successor-policy = The group goes on under new rules
notice-successor-broken = The group was made anew, as the old one could not go on
notice-identity-reset = { $name } lost everything and began anew. Compare numbers by phone
notice-identity-reset-verified = { $name } lost everything and began anew. Your mark "verified" is cleared: compare numbers by phone
notice-identity-reset-mine = You began anew. Colleagues are asked to compare numbers with you
notice-reset-requested = Somebody asks to begin anew as { $name }, at the earliest on { $date }. Ask { $name } by phone; if it is not them, tell the helpdesk
notice-reset-requested-mine = Somebody asks to begin anew as { $name }, at the earliest on { $date }. If it is not you, stop it with one of your devices and call the helpdesk now
notice-directory-changed = The directory has a new name or post for { $name }
notice-directory-changed-verified = The directory has a new name or post for { $name }. Your mark "verified" is cleared: compare numbers again
notice-gap = Messages from { $from } to { $to } are not on this device

## Devices of one's own

new-device = Let this device in
new-device-lead = This browser is new to you. Your other device can let it in, with your messages.
shared-choice = This is a shared computer
shared-computer = Shared computer: closing erases everything
shared-until = At the latest on { $time }.
shared-no-code = Keep your recovery code away from shared computers: let your other device approve.
approve-from-other = Approve from my other device
or = or
use-recovery-code = Use the recovery code
approval = Waiting for your other device
approval-lead = Type this number on your other device, or scan the code there.
approval-digits = Number for your other device
approval-no-digits = A number appears here as soon as your other device answers.
approval-qr = QR code for your other device
qr-text = The code as text
approval-1 = Open Beep on the other device: the one you used last, if you have several.
approval-2 = Choose “Let it in” in the bar at the top.
approval-3 = Type the number or scan the code.
approval-waiting = Waiting…
approval-confirm = Did your other device say “approved”?
approval-confirm-help = Look at the other device's screen. Answer yes only if it says so there.
approval-yes = Yes, it did
approval-no = No
approval-scan = Scan its code instead
approval-finishing = Finishing…
approval-refused = Not let in
approval-refused-digits = The number was typed wrongly three times. Begin again; a new number is made.
approval-refused-mismatch = The two devices do not see the same. Somebody may stand between them: try on another network, and tell the helpdesk if it happens again.
approval-refused-expired = Nobody answered in time. Begin again with the other device at hand.
approval-refused-cancelled = This was cancelled. Nothing was changed.
pairing-banner = A new device asks to be let in
pairing-look = Let it in
pairing-title = A new device of yours?
pairing-nameless = New device
pairing-warning = Go on only if this device is before you. Nobody from the helpdesk ever asks for the number.
pairing-digits = Number on the new device
pairing-digits-hint = Eight digits
pairing-history = Send my messages too
pairing-history-hint = Encrypted from this device to the new one.
pairing-approve = Approve
pairing-by-qr = Scan its code
pairing-by-digits = Type its number
pairing-not-me = This is not me
pairing-refused = The device is turned away
pairing-approved = Approved
pairing-approved-next = Now answer “Yes” on the new device, or scan this code with it.
pairing-arrived = Your new device is in
pairing-arrived-next = It can read and write from now on. There is nothing more to do here.
pairing-arrived-history = Your messages follow. Keep Beep open on this device until they are all sent.
pairing-answer-qr = QR code for the new device
pairing-none = No device asks here at present. If one waits, it may have asked another device of yours: scan its code to let it in from here.
history-title = Messages between your devices
history-sending = Sending messages to your new device
history-receiving = Messages arrive from your other device
history-waiting-sending = Sending goes on when the network is back
history-waiting-receiving = Waiting for your other device to send more
history-done-sending = All messages are sent
history-done-receiving = All messages have arrived
history-failed-sending = Some messages could not be sent. They stay on this device.
history-failed-receiving = Some messages did not arrive. They stay on your other device.
history-cancel = Stop copying
history-cancelled = Copying was stopped. What was copied stays.
device-kind-regular = Own device
device-kind-temporary = Shared computer
device-expires-at = Erases itself by { $date }
device-rename = Rename { $name }
device-rename-title = Rename this device
device-renamed = The device has a new name
device-add = Add a device
device-add-lead = Each device has its own keys. This one lets the next one in:
device-add-1 = On the new device, open Beep and sign in.
device-add-2 = There, choose “Approve from my other device”.
device-add-3 = A bar appears here: type the number or scan the code.
device-add-full = You have as many devices as you may. Sign one out before you add another.
device-unseen = Not used for 90 days: it is out of your conversations until it is used again. Sign it out if you no longer have it.
device-add-limit = { $count ->
    [one] You may have { $shown } device.
   *[other] You may have { $shown } devices, besides shared computers.
}
scan-camera = Use the camera
scan-picture = Picture of the camera
scan-starting = The camera starts. The browser may ask you first.
scan-hold = Hold the code inside the frame.
scan-stop = Stop the camera
scan-denied = The camera is not allowed for this page; you can allow it in the browser.
scan-missing = No camera could be used.
scan-else-digits = Type the number that the new device shows instead.
scan-else-paste = On the new device choose “The code as text”, and paste it here.
scan-else-answer = Look at the other device and answer “Yes, it did” if it says “Approved”.
scan-else-number = Read the number to each other instead.
scan-other = This is another kind of code. Look for the one on the other screen.
scan-paste = No camera? Paste the code's text
scan-paste-label = Text of the code
scan-paste-use = Use this text

## Safety numbers

keys-why = Why can I trust this device list?
keys-about = Everybody's devices stand in a public record that independent witnesses sign. The server cannot show one list to you and another to others.
keys-policy-good = The witnesses are the ones this device has known from the start.
keys-policy-bad = The server names other witnesses than before. Tell the helpdesk.
keys-witnesses-good = { $count } of { $of } witnesses have signed the record.
keys-witnesses-waiting = The record has not been checked yet.
keys-fresh-good = The witnesses signed within the last hour.
keys-fresh-waiting = The record has not been checked yet.
keys-fresh-warning = The witnesses’ last word is old. New devices must wait; check this device’s clock.
keys-grows-good = The record has only grown since this device first saw it ({ $count } entries).
keys-grows-waiting = The record has not been checked yet.
keys-grows-bad = The server has changed the record. Nothing more is sent; tell the helpdesk.
keys-listed-good = The device lists of all members are the ones everybody is shown.
keys-listed-waiting = The device lists of { $count } of { $of } members are confirmed; the others are checked before anything is sent to them.
keys-own-good = Your own devices are the ones you know.
keys-own-waiting = Your own devices have not been checked yet.
keys-own-bad = Others are shown a device of yours that you do not know. Nothing more is sent; tell the helpdesk.
keys-members-good = Other members are shown the same record.
keys-members-waiting = No other member has been compared with yet.
keys-members-warning = It could not be confirmed that { $name } is shown the same record. If this lasts, tell the helpdesk.
keys-members-bad = { $name } is shown another record than you. Tell the helpdesk.
safety-number = Safety number
safety-number-with = Safety number with { $name }
safety-how = Call { $name } and read the number to each other, or meet and scan the code. If it is the same on both sides, nobody stands between you.
safety-qr = Safety number as a QR code
safety-scan = Scan their code
safety-changed = { $name } has a new key. Confirm by phone
safety-differs = The number is not the same. Write nothing confidential to { $name } for now, and tell the helpdesk.
verified = Numbers compared
verified-state = You compared numbers with { $name }
verified-mark = They are the same
verified-clear = Clear the mark
verified-done = { $name } is marked as compared
verified-cleared = The mark for { $name } is cleared

## Reports

report = Report
reports = Reports
report-messages = Report messages
report-message = Report
report-choose = Choose the messages to report
report-chosen = { $count ->
    [one] { $shown } message chosen
   *[other] { $shown } messages chosen
}
report-too-many = { $count ->
    [one] At most { $shown } message
   *[other] At most { $shown } messages
}
report-next = Report…
choose-message = Choose the message of { $name }, { $time }
report-title = { $count ->
    [one] Report { $shown } message
   *[other] Report { $shown } messages
}
report-what = The moderators get these messages, with proof of who sent them. Nothing else of the conversation is sent, and the others in it do not see the report.
report-note = What happened?
report-to = Goes to
report-send = Send the report
report-sent = The report is on its way
report-sent-line = Report to the moderators
report-messages-count = { $count ->
    [one] { $shown } message
   *[other] { $shown } messages
}
reports-none = No reports
reports-none-next = What colleagues report to you appears here.
reports-choose = Choose a report to read it.
report-by = Report by { $name }
report-reported = Reported messages
report-proof-means = “Proved” means: the server's log has this message from this person's device, and the text has not been changed. It says nothing about what went before.
verdict-proved = Proved: sent by { $name } on { $date }
verdict-not-proved = Not proved: this text may never have been sent
verdict-checking = Checking with the server's log…
verdict-offline = Not checked yet: no network

## Everything lost

to-reset = I have lost everything
reset = Begin anew with a reset letter
reset-lead = For when device, passphrase and recovery code are all gone. The helpdesk sends the letter.
reset-warning = All your devices are signed out and your old messages do not come back. Your colleagues are told.
reset-waiting = Waiting for two officers
reset-waiting-time = Waiting for the time to pass
reset-ready = You can begin anew now
reset-waiting-lead = Two officers check who you are, and some time must pass, so that nobody else can come in your place.
reset-officers = Officers who agreed: { $done } of { $total }
reset-earliest = At the earliest on { $date }
reset-leave = You may close this page and come back in this browser. Do not clear its data.
reset-look = Look now
reset-dropped = The reset was dropped
reset-dropped-help = One of your devices, somebody with your recovery code or the helpdesk ended it. Call the helpdesk; a new letter begins it again.
reset-banner = Somebody asks to begin anew as you.
reset-banner-when = It takes effect on { $date } at the earliest ({ $left }).
reset-banner-elsewhere = If it was not you, stop it on a device of your own or call the helpdesk.
reset-left-hours = { $count ->
    [one] { $shown } hour left
   *[other] { $shown } hours left
}
reset-left-days = { $count ->
    [one] { $shown } day left
   *[other] { $shown } days left
}
reset-left-none = no time left
reset-stop-title = Stop this reset?
reset-stop-text = Your devices, your messages and your recovery code stay as they are. Whoever asked needs a new letter. Tell the helpdesk that it was not you.
reset-stop-mine = If you asked for it yourself because you had lost this device, do not stop it.
reset-stop = Stop the reset
reset-stopped = The reset is stopped

## Diagnostics

diagnostics-groups = Conversations
diagnostics-groups-none = None on this device.
diagnostics-errors = Last errors
diagnostics-errors-none = None.
diagnostics-saved = The file is saved
diagnostic-session = Session
diagnostic-time = Time
diagnostic-connection = Connection
diagnostic-socket = Socket
diagnostic-connection-by = Connected by
diagnostic-connected-since = Connected since
diagnostic-round-trip = Round trip
diagnostic-leader = This tab leads
diagnostic-device = Device
diagnostic-conversations = Conversations
diagnostic-envelopes-applied = Log entries read
diagnostic-envelopes-behind = Log entries still to read
diagnostic-waiting-messages = Messages not yet decrypted
diagnostic-blocked-conversations = Blocked conversations
diagnostic-outbox = Waiting to send
diagnostic-welcomes-not-yet-used = Invitations not yet used (Welcome)
diagnostic-keypackages-here = Keys in store (KeyPackages)
diagnostic-identity-alarms = Identity alarms
diagnostic-directory-root = Directory authority
diagnostic-values-not-yet-told-to-own-devices = Changes not yet told to your other devices
diagnostic-history-sending = Messages to another device
diagnostic-history-receiving = Messages from another device
column-id = Id
column-kind = Kind
column-epoch = Epoch
column-suite = Suite
column-devices = Devices
column-read = Read
column-waiting = Waiting
column-standing = Standing

## Settings

settings = Settings
settings-look = Language and look
settings-privacy = Locking
settings-devices = Devices and sign-out
settings-diagnostics = Diagnostics
settings-ledger = My ledger
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
sign-out-shared = What is on this shared computer is erased, and it leaves your list of devices. Your own devices keep everything.
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
error-not-readable = This was said while this device was not in the conversation. Scroll on; the rest is here.
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
error-pairing-refused = The new device no longer waits. Begin again on it.
error-reset-refused = There is no reset to go on with, or it was dropped. Begin with the letter, or call the helpdesk.
error-history-full = The older messages no longer fit. They stay on your other device.
error-order-due = Something else must happen in this group first. Retry in a moment.
error-rejoin-refused = This device may not come back into the conversation by itself. Ask an admin of the group.
error-read-only = The server has been restored and takes nothing new for now. Drafts are kept; try again later.
error-offline = No network. Try again when it is back.
error-wrong-passphrase = This is not the passphrase. Check Caps Lock and the keyboard language.
error-recovery-code-malformed = This is not a complete recovery code. Compare each group with the paper.
error-activation-code-malformed = This is not a complete code. Compare it with the letter.
error-passphrase-too-short = The passphrase is too short. Add a word or two.
error-identity-chain-refused = The server's list of this person's devices contradicts itself. Nothing was sent; tell the helpdesk.
error-group-refused = The server offered a conversation that breaks the rules. It was refused; tell the helpdesk.
error-storage-failed = The browser could not store this. Free some disk space and try again.
error-approval-digits = This is not the number. Look at the new device and type it again.
error-approval-digits-last = This is not the number. You have one more try: look at the new device and type it again.
error-approval-mismatch = This code does not belong to the device that asks. Begin again on the new device.
error-approval-ended = This is over: too many wrong numbers, or too much time. Begin again on the new device.
error-devices-full = There are already as many devices as you may have. Sign one of them out in the settings first.
error-not-admin = Only an admin of the group can do this. Ask one of them.
error-last-admin = The group needs an admin. Make somebody else admin first.
error-group-too-large = So many devices do not fit into one group. Make two groups.
error-nobody-added = None of these people could be added. Their devices must come online once; try again later.
error-trust-root-changed = The server shows another authority than before. Nothing is believed from it; tell the helpdesk.
error-keys-refused = The server contradicts what it showed before. Nothing more is sent; tell the helpdesk.
error-keys-stale = Device lists could not be checked for a day. Check the connection and this device’s clock.
error-nothing-to-report = None of these messages can be reported. Choose messages that have arrived as text.
error-no-moderator = Your ministry has no moderator in Beep. Turn to the helpdesk.
error-safety-malformed = This is not the whole code. Copy all of it, or scan it again.

## My ledger

ledger-lead = What the audit log says about you: what was done to your account, and who looked. “Verify” makes your device check that a row stands in the log as it is shown. Whether a row is missing here, only the auditors can tell, who have the whole log.
ledger-empty = Nothing has been recorded about you yet. That will not last: this look is the first row.
ledger-more = Show older rows
ledger-verify = Verify
ledger-verify-row = Verify: { $what }
ledger-by = by { $name }
ledger-by-you = by you
ledger-by-system = by the command { $name }
ledger-by-nobody = by somebody who had not signed in
ledger-refused = refused
ledger-good = Verified on this device
ledger-bad = This row could not be verified. Tell your auditor, and keep this device as it is.
ledger-soon = The witnesses have not seen this row yet. Try again in a few seconds.
ledger-step-bytes = The log's entry says what this row says
ledger-step-policy = Your device knows the witnesses
ledger-step-checkpoint = The witnesses have signed the log's state
ledger-step-inclusion = The entry stands in that state
ledger-step-age = The signatures are fresh
ledger-other = Recorded: { $action }
ledger-event-activation-issued = An activation letter was made for you
ledger-event-activation-begun = Your activation was begun
ledger-event-activation-finished = Your account was activated
ledger-event-sign_in = Sign-in to your account
ledger-event-session-begun = A session was opened
ledger-event-session-ended = A session was ended
ledger-event-recovery-verified = Your recovery code was used
ledger-event-credentials-replaced = Your passphrase and authenticator were replaced
ledger-event-identity-appended = Your list of devices was signed anew
ledger-event-device-added = A device was added for you
ledger-event-device-revoked = A device of yours was revoked
ledger-event-pairing-begun = A new device asked for approval
ledger-event-pairing-approved = A new device was approved
ledger-event-pairing-failed = A new device was not approved
ledger-event-reset-letter_issued = A reset letter was made for you
ledger-event-reset-begun = A reset of your identity was begun
ledger-event-reset-requested = A reset of your identity was asked for
ledger-event-reset-signed = An officer signed a reset of your identity
ledger-event-reset-dropped = A reset of your identity was dropped
ledger-event-reset-finished = Your identity was reset
ledger-event-person-created = You were added to the directory
ledger-event-person-changed = Your directory entry was changed
ledger-event-person-state_changed = Your state in the directory was changed
ledger-event-role-granted = A duty was granted to you
ledger-event-role-ended = A duty of yours was ended
ledger-event-audit-searched = An auditor searched the log for you
ledger-event-audit-viewed = An auditor opened an entry about you
ledger-event-audit-exported = An auditor exported entries about you
ledger-event-ledger-read = You read this ledger
ledger-event-console-sign_in = Sign-in to the auditors' console under your name
ledger-event-opening-erased = A clear text about you was erased from the log
ledger-event-conversation-opened = You opened a conversation
ledger-event-conversation-generation_begun = A group began in a conversation
ledger-event-conversation-commit_accepted = You changed a group's members or keys
ledger-event-moderation-envelope_looked_up = You looked up a reported message
