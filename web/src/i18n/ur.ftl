### Beep in Urdu. A native reader reviews these before a release: docs/translation.md.

app-name = Beep
language = زبان
loading = لوڈ ہو رہا ہے
continue = جاری رکھیں
back = واپس
close = بند کریں
cancel = منسوخ کریں
copy = نقل کریں
copied = نقل ہو گیا
copy-refused = براؤزر نے نقل کی اجازت نہیں دی۔ متن منتخب کر کے خود نقل کریں۔
try-again = دوبارہ کوشش کریں
reload = دوبارہ لوڈ کریں
refresh = تازہ کریں
update-ready = Beep کا نیا ورژن تیار ہے
update = اپ ڈیٹ کریں
chunk-failed = Beep کا یہ حصہ لوڈ نہیں ہو سکا۔ نیٹ ورک دیکھ کر دوبارہ لوڈ کریں؛ کچھ ضائع نہیں ہوا۔

## Getting in

activate-code = Beep فعال کریں
activate-code-lead = خط پر لکھا کوڈ درج کریں
activate-authenticator = Beep کو تصدیقی ایپ میں شامل کریں
activate-authenticator-lead = اسے اپنے فون کی ایپ سے اسکین کریں۔ ایپ ہر ۳۰ سیکنڈ بعد چھ ہندسوں کا نیا کوڈ دکھائے گی۔
activate-passphrase = پاس فریز چنیں
activate-passphrase-lead = اسی سے اس آلے پر آپ کے پیغام کھلتے ہیں۔ Beep چلانے والے اسے کبھی نہیں جان سکتے۔
activate-recovery = آپ کا بحالی کوڈ
activate-recovery-lead = آلہ، پاس فریز یا فون کھو جائے تو اسی سے واپسی ہوگی۔
activate-recovery-check = جو لکھا ہے اسے جانچ لیں
activate-recovery-check-lead = کاغذ سے بحالی کوڈ کے دو حصے درج کریں۔
activate-finish = آخری مرحلہ
activate-finish-lead = تصدیقی ایپ اس وقت جو کوڈ دکھا رہی ہے وہ درج کریں۔
step-of = مرحلہ { $step } از { $steps }
activation-code = خط پر لکھا کوڈ
activation-code-hint = بیس حروف اور ہندسے۔ چھوٹے بڑے حروف اور ڈیش سے فرق نہیں پڑتا۔
personnel-number = پرسنل نمبر
personnel-number-hint = جیسا تنخواہ کی پرچی پر چھپا ہے
your-login = لاگ اِن:
authenticator-qr = تصدیقی ایپ کے لیے QR کوڈ
authenticator-by-hand = کیمرا نہیں؟ یہ کلید ایپ میں خود لکھیں:
authenticator-secret = تصدیقی ایپ کی کلید
authenticator-done = میں نے شامل کر لیا
passphrase = پاس فریز
passphrase-again = پاس فریز دوبارہ
passphrase-show = پاس فریز دکھائیں
passphrase-hide = پاس فریز چھپائیں
passphrase-advice = چار یا زیادہ بے ربط الفاظ یاد رکھنے میں آسان اور بوجھنے میں مشکل ہوتے ہیں۔
passphrase-short = کم از کم { $count } حروف لکھیں۔
passphrase-differs = دونوں ایک جیسے نہیں۔ دوسرا دوبارہ لکھیں۔
strength-short = مزید { $left } حروف
strength-weak = بوجھنا آسان ہے
strength-fair = مناسب
strength-good = اچھا
recovery-code = بحالی کوڈ
recovery-code-hint = کاغذ پر لکھے سات حصے۔ چھوٹے بڑے حروف اور ڈیش سے فرق نہیں پڑتا۔
recovery-keep = یہ کلید لکھ لیں۔ دوبارہ جاری نہیں ہوگی
recovery-print = پرنٹ کریں
recovery-written = میں نے لکھ لیا
recovery-group = حصہ { $place }
recovery-group-wrong = یہ نہیں ملتا۔ کاغذ دوبارہ دیکھیں۔
recovery-see-again = کوڈ دوبارہ دکھائیں
totp = تصدیقی ایپ کا کوڈ
field-required = اسے پُر کریں۔
totp-hint = چھ ہندسے
device-name = اس آلے کا نام
device-name-hint = یہ آپ کے آلات کی فہرست میں نظر آئے گا۔ سرور بھی اسے دیکھتا ہے۔
finish = مکمل کریں
making-keys = کلیدیں بن رہی ہیں…
begin-again = شروع سے کریں
to-activate = میرے پاس خط ہے
to-recover = پاس فریز یا فون کھو گیا
to-sign-in = میرے پاس پاس فریز ہے
sign-in = سائن اِن کریں
sign-in-lead = لاگ اِن، پاس فریز اور تصدیقی ایپ کے ساتھ
login = لاگ اِن
signing-in = سائن اِن ہو رہا ہے…
replace = اب سے یہ آلہ استعمال کریں
replace-lead = آپ دوسرے آلے پر سائن اِن ہیں۔ ایک وقت میں ایک ہی آلہ آپ کا ہو سکتا ہے۔
replace-warning = دوسرا آلہ خارج ہو جائے گا۔ صرف وہاں محفوظ پیغام ساتھ نہیں آئیں گے۔
replace-confirm = یہ آلہ استعمال کریں
recover-code = بحالی کوڈ سے واپس آئیں
recover-code-lead = اس سے اس آلے پر نیا پاس فریز اور نئی تصدیقی ایپ طے ہوتی ہے۔
recover-authenticator = Beep کو تصدیقی ایپ میں شامل کریں
recover-authenticator-lead = پرانا اندراج اب کام نہیں کرتا۔ یہ اسکین کریں۔
recover-passphrase = نیا پاس فریز چنیں
recover-passphrase-lead = اسی سے اس آلے پر آپ کے پیغام کھلتے ہیں۔ Beep چلانے والے اسے کبھی نہیں جان سکتے۔
recover-finish = آخری مرحلہ
recover-finish-lead = تصدیقی ایپ اس وقت جو کوڈ دکھا رہی ہے وہ درج کریں۔
locked = مقفل
locked-lead = آپ کا پاس فریز Beep کو کھولتا ہے، نیٹ ورک کے بغیر بھی۔
unlock = کھولیں
unlocking = کھل رہا ہے…
not-you = یہ آپ نہیں؟
erase-title = اس براؤزر کی نقل مٹا دیں؟
erase-confirm = مٹا دیں
revoked-replaced = اب آپ دوسرا آلہ استعمال کرتے ہیں
revoked-replaced-help = آپ کے کہیں اور سائن اِن کرنے پر یہ آلہ خارج ہوا۔ اگر وہ آپ نہیں تھے تو ابھی ہیلپ ڈیسک کو فون کریں۔
revoked-revoked = یہ آلہ خارج کر دیا گیا
revoked-revoked-help = اسے آپ کے آلات کی فہرست سے ہٹا دیا گیا۔ وجہ معلوم نہ ہو تو ہیلپ ڈیسک کو فون کریں۔
broken-evicted = براؤزر نے Beep کا ڈیٹا حذف کر دیا
broken-evicted-help = ڈسک بھرنے یا سائٹ کا ڈیٹا صاف کرنے پر ایسا ہوتا ہے۔ بحالی کوڈ سے آپ واپس آ سکتے ہیں؛ جو پیغام صرف یہاں تھے وہ جا چکے۔
broken-rolled-back = یہ نقل پرانی ہے
broken-rolled-back-help = براؤزر کا ڈیٹا کسی پرانے وقت سے بحال ہوا ہے۔ اسے استعمال کرنے سے پیغام ظاہر ہو سکتے تھے، اس لیے Beep رک گیا۔ بحالی کوڈ سے دوبارہ سائن اِن کریں۔
broken-newer-version = یہ ڈیٹا نئے Beep نے لکھا ہے
broken-newer-version-help = نیا ورژن لینے کے لیے صفحہ دوبارہ لوڈ کریں۔ کچھ ضائع نہیں ہوا۔
broken-storage-failed = براؤزر Beep کا ڈیٹا محفوظ نہیں کر سکتا
broken-storage-failed-help = ڈسک پر جگہ بنائیں، نجی براؤزنگ چھوڑیں، پھر دوبارہ لوڈ کریں۔
erase-and-sign-in = مٹا کر سائن اِن کریں

## Conversations

conversation = گفتگو
conversations = گفتگوئیں
no-conversations = ابھی کوئی گفتگو نہیں
no-conversations-next = پہلا پیغام لکھنے کے لیے اوپر کسی ساتھی کو تلاش کریں۔
new-conversation = نئی گفتگو
search-label = ساتھی تلاش کریں
search-placeholder = نام، عہدہ یا وزارت تلاش کریں
search-clear = تلاش صاف کریں
search-hint = نام، عہدہ یا وزارت لکھیں، لاطینی، اردو یا فارسی حروف میں۔
search-found = { $count ->
    [0] کوئی نہیں ملا
    [one] { $count } شخص ملا
   *[other] { $count } افراد ملے
}
search-none = کوئی نہیں ملا
search-none-next = نام کا کوئی حصہ، عہدہ، یا دوسرا رسم الخط آزمائیں۔
directory = ڈائریکٹری
person-inactive = اب ملازمت میں نہیں
person-not-activated = ابھی Beep فعال نہیں کیا
connecting = رابطہ ہو رہا ہے
welcome = خوش آمدید، { $name }
welcome-next = ڈائریکٹری میں ساتھی تلاش کر کے لکھیں۔ صرف آپ دونوں پڑھ سکیں گے۔
choose-conversation = کوئی گفتگو چنیں
choose-conversation-next = یا نئی شروع کریں۔
find-colleague = ساتھی تلاش کریں
keys-search = تلاش کے لیے
keys-next = اگلی یا پچھلی گفتگو کے لیے
draft = مسودہ:
unread = { $count ->
    [one] { $count } نیا پیغام
   *[other] { $count } نئے پیغام
}
offline-banner = محفوظ ہے۔ نیٹ ورک آنے پر جائے گا
network = نیٹ ورک
online-again = نیٹ ورک بحال ہو گیا
session-ended = آپ کا سیشن ختم ہو گیا۔ پڑھ سکتے ہیں؛ بھیجنے کے لیے سائن اِن کریں۔
sign-in-again = دوبارہ سائن اِن کریں
sign-in-again-lead = مسودے اور منتظر پیغام محفوظ ہیں، سائن اِن کرتے ہی روانہ ہوں گے۔
who-can-read = صرف یہ ارکان پڑھ سکتے ہیں
no-retention = سرکاری نقل محفوظ نہیں ہوتی
unverified = ڈائریکٹری میں ہے؛ نمبر نہیں ملائے
details = تفصیل
back-to-list = گفتگوؤں پر واپس
fact-post = عہدہ
fact-unit = دفتر
fact-ministry = وزارت
you = (آپ)
messages-with = { $name } کے ساتھ پیغام
you-said = آپ:
said = { $name }:
message-arrived = { $name }: { $text }
typing = { $name } لکھ رہے ہیں…
typing-short = لکھ رہے ہیں…
waiting-message = اس پیغام کا انتظار ہے
newer-version = یہ Beep کے نئے ورژن سے لکھا گیا۔ پڑھنے کے لیے اپ ڈیٹ کریں۔
first-unread = نئے پیغام
latest = تازہ ترین پر جائیں
latest-new = { $count ->
    [one] { $shown } نیا پیغام
   *[other] { $shown } نئے پیغام
}
state-queued = بھیجنے کا منتظر
state-sent = بھیج دیا
state-delivered = پہنچ گیا
state-read = پڑھ لیا
state-failed = نہیں بھیجا گیا
retry = دوبارہ بھیجیں
discard = حذف کریں
notice-begun = گفتگو شروع ہوئی
notice-new-device = { $name } کی کلید نئی ہے۔ فون پر تصدیق کریں
notice-new-device-mine = آپ نیا آلہ استعمال کر رہے ہیں۔ پچھلے پیغام پرانے آلے پر ہیں
notice-log-mismatch = سرور کا ریکارڈ ارکان کے دیکھے سے نہیں ملتا۔ ہیلپ ڈیسک کو بتائیں
notice-history-elsewhere = اس سے پہلے کا حصہ دوسرے آلے پر ہے
composer-label = { $name } کو پیغام
composer-placeholder = پیغام لکھیں
composer-inactive = { $name } اب ملازمت میں نہیں۔ آپ انہیں نہیں لکھ سکتے۔
composer-not-activated = { $name } نے ابھی Beep فعال نہیں کیا۔ فعال ہونے پر لکھ سکیں گے۔
send = بھیجیں
day-today = آج
date-full = { $weekday }، { $date }
date-time = { $date }، { $time }
day-yesterday = کل

## Settings

settings = ترتیبات
settings-look = زبان اور انداز
settings-privacy = قفل
settings-devices = آلات اور سائن آؤٹ
settings-diagnostics = تشخیص
theme = تھیم
theme-system = سسٹم جیسا
theme-light = روشن
theme-dark = تاریک
calendar = کیلنڈر
calendar-gregorian = عیسوی
calendar-persian = شمسی
calendar-islamic = ہجری
calendar-today = آج { $date } ہے
writing = لکھائی
enter-key = Enter کا بٹن
enter-sends = پیغام بھیجتا ہے
enter-breaks = نئی سطر شروع کرتا ہے
lock-after = اتنی دیر بعد قفل لگے
lock-after-hint = جب استعمال نہ ہو۔ پاس فریز سے دوبارہ کھلے گا۔
lock-now = ابھی قفل لگائیں
lock-now-hint = قفل لگانے پر سب کچھ اسی آلے پر رہتا ہے، مگر پاس فریز کے بغیر پڑھا نہیں جا سکتا۔
minutes = { $count ->
    [one] { $shown } منٹ
   *[other] { $shown } منٹ
}
hours = { $count ->
    [one] { $shown } گھنٹا
   *[other] { $shown } گھنٹے
}
device-this = یہ آلہ
device-added-at = { $date } کو شامل ہوا
device-seen-at = آخری بار { $date } کو دیکھا گیا
device-revoked-at = { $date } کو خارج ہوا
device-revoke = خارج کریں
device-revoke-title = { $name } کو خارج کریں؟
device-revoke-warning = اس کا رابطہ فوراً ٹوٹ جائے گا اور وہ نیا کچھ نہیں پڑھ سکے گا۔
device-revoked-done = آلہ خارج ہو گیا
sign-out = سائن آؤٹ کریں
sign-out-hint = آپ { $login } کے طور پر سائن اِن ہیں۔
sign-out-title = سائن آؤٹ کر کے سب مٹا دیں؟
sign-out-warning = اس براؤزر کے تمام پیغام، مسودے اور کلیدیں مٹ جائیں گی۔ جو صرف یہاں ہے وہ واپس نہیں آ سکتا، اور واپسی کے لیے بحالی کوڈ چاہیے۔
sign-out-or-lock = صرف میز چھوڑنی ہے تو Beep کو قفل لگائیں۔
sign-out-confirm = سائن آؤٹ کر کے مٹا دیں
diagnostics-lead = ہیلپ ڈیسک کے لیے۔ اس میں نہ نام ہیں نہ متن؛ خود بخود کچھ نہیں بھیجا جاتا۔

## Refusals

error-unknown = کچھ کام نہیں ہوا ({ $code })۔ دوبارہ کوشش کریں؛ پھر بھی ہو تو ہیلپ ڈیسک کو فون کریں۔
error-bad-request = Beep نے ایسا کچھ بھیجا جو سرور قبول نہیں کرتا۔ دوبارہ لوڈ کریں؛ پھر بھی ہو تو ہیلپ ڈیسک کو فون کریں۔
error-not-signed-in = آپ کا سیشن ختم ہو گیا۔ دوبارہ سائن اِن کریں؛ مسودے محفوظ ہیں۔
error-forbidden = یہاں اس کی اجازت نہیں۔ ضرورت ہو تو ہیلپ ڈیسک سے کہیں۔
error-not-found = یہ موجود نہیں، یا آپ کے لیے نہیں۔ واپس جا کر دوبارہ چنیں۔
error-method-not-allowed = Beep اور سرور کا ورژن نہیں ملتا۔ صفحہ دوبارہ لوڈ کریں۔
error-conflict = کسی نے اسے پہلے بدل دیا۔ دیکھ کر ضرورت ہو تو دہرائیں۔
error-too-large = یہ بہت لمبا ہے۔ حصوں میں بھیجیں۔
error-rate-limited = بہت زیادہ کوششیں۔ { $seconds } سیکنڈ بعد دوبارہ کوشش کریں۔
error-busy = سرور مصروف ہے۔ { $seconds } سیکنڈ بعد دوبارہ کوشش ہوگی۔
error-internal = Beep کی طرف سے خرابی ہوئی۔ کچھ ضائع نہیں ہوا؛ دوبارہ کوشش کریں۔
error-code-refused = کوڈ اور پرسنل نمبر نہیں ملتے، یا خط کی مدت ختم ہو گئی۔ دونوں دیکھیں، یا ہیلپ ڈیسک سے نیا خط مانگیں۔
error-code-used = خط استعمال ہو چکا۔ ہیلپ ڈیسک کو فون کریں
error-sign-in-refused = لاگ اِن، پاس فریز یا کوڈ نہیں ملتا۔ کی بورڈ کی زبان اور فون کی گھڑی دیکھیں۔
error-totp-refused = یہ کوڈ نہیں ملتا یا استعمال ہو چکا۔ اگلے کا انتظار کریں؛ فون کی گھڑی دیکھیں۔
error-challenge-refused = بہت دیر ہو گئی۔ شروع سے کریں۔
error-recovery-refused = یہ بحالی کوڈ اس لاگ اِن کا نہیں۔ کاغذ پر ملتے جلتے حروف دیکھیں۔
error-ticket-refused = بہت دیر ہو گئی۔ شروع سے کریں؛ کچھ نہیں بدلا۔
error-person-inactive = ڈائریکٹری میں آپ فعال نہیں۔ ہیلپ ڈیسک کو فون کریں۔
error-weak-secret = یہ پاس فریز استعمال نہیں ہو سکا۔ دوسرا چنیں۔
error-statement-malformed = آپ کے آلات کی فہرست پڑھی نہیں جا سکی۔ دوبارہ لوڈ کریں؛ پھر بھی ہو تو ہیلپ ڈیسک کو فون کریں۔
error-statement-refused = آلات میں تبدیلی قبول نہیں ہوئی۔ دوبارہ لوڈ کریں؛ پھر بھی ہو تو ہیلپ ڈیسک کو فون کریں۔
error-statement-stale = آپ کے آلات کہیں اور بدلے گئے۔ دوبارہ کوشش کریں۔
error-device-unknown = یہ آلہ فہرست میں نہیں۔ فہرست دوبارہ دیکھیں۔
error-device-revoked = یہ آلہ خارج ہو چکا۔ بحالی کوڈ سے دوبارہ سائن اِن کریں۔
error-key-package-refused = اس آلے کی کلیدیں قبول نہیں ہوئیں۔ دوبارہ لوڈ کریں؛ پھر بھی ہو تو ہیلپ ڈیسک کو فون کریں۔
error-key-package-pool-full = اس آلے کی کافی کلیدیں محفوظ ہیں۔ کچھ کرنے کی ضرورت نہیں۔
error-no-key-package = پہلے آپ کے ساتھی کا آلہ ایک بار آن لائن ہو۔ بعد میں کوشش کریں۔
error-not-a-member = آپ اس گفتگو کے رکن نہیں۔ فہرست پر واپس جائیں۔
error-no-partner = آپ اس شخص کو نہیں لکھ سکتے: وہ جا چکے ہیں، یا یہ آپ خود ہیں۔
error-policy-refused = گفتگو شروع نہیں ہو سکی۔ دوبارہ کوشش کریں؛ پھر بھی ہو تو ہیلپ ڈیسک کو فون کریں۔
error-frame-refused = سرور نے یہ پیغام قبول نہیں کیا۔ دوبارہ بھیجیں یا حذف کریں۔
error-generation-conflict = گفتگو بدل گئی ہے۔ ذرا دیر میں دوبارہ بھیجیں۔
error-epoch-conflict = گفتگو بدل گئی ہے۔ ذرا دیر میں دوبارہ بھیجیں۔
error-successor-not-allowed = گفتگو ابھی نئے سرے سے شروع نہیں ہو سکتی۔ ذرا دیر میں کوشش کریں۔
error-removal-due = پہلے ایک آلے کو اس گفتگو سے نکلنا ہے۔ ذرا دیر میں کوشش کریں۔
error-counter-old = اس آلے کی نقل پیچھے ہے۔ بحالی کوڈ سے دوبارہ سائن اِن کریں۔
error-counter-gap = اس سے پہلے کا پیغام ابھی راستے میں ہے۔ ذرا دیر میں کوشش کریں۔
error-slot-old = پڑھنے کا نیا مقام پہلے سے معلوم ہے۔ کچھ کرنے کی ضرورت نہیں۔
error-range-refused = یہ پیغام نہیں لائے جا سکتے۔ تازہ ترین پر جا کر پیچھے جائیں۔
error-protocol-violation = Beep اور سرور کا ورژن نہیں ملتا۔ صفحہ دوبارہ لوڈ کریں۔
error-hello-first = Beep اور سرور کا ورژن نہیں ملتا۔ صفحہ دوبارہ لوڈ کریں۔
error-offline = نیٹ ورک نہیں۔ بحال ہونے پر دوبارہ کوشش کریں۔
error-wrong-passphrase = یہ پاس فریز نہیں۔ Caps Lock اور کی بورڈ کی زبان دیکھیں۔
error-recovery-code-malformed = یہ پورا بحالی کوڈ نہیں۔ ہر حصہ کاغذ سے ملائیں۔
error-activation-code-malformed = یہ پورا کوڈ نہیں۔ اسے خط سے ملائیں۔
error-passphrase-too-short = پاس فریز بہت چھوٹا ہے۔ ایک دو لفظ بڑھائیں۔
error-identity-chain-refused = سرور پر اس شخص کے آلات کی فہرست میں تضاد ہے۔ کچھ نہیں بھیجا گیا؛ ہیلپ ڈیسک کو بتائیں۔
error-group-refused = سرور نے قواعد کے خلاف گفتگو پیش کی۔ اسے رد کر دیا گیا؛ ہیلپ ڈیسک کو بتائیں۔
error-storage-failed = براؤزر اسے محفوظ نہیں کر سکا۔ ڈسک پر جگہ بنا کر دوبارہ کوشش کریں۔
