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
activate-authenticator-lead = اسے اپنے فون کی ایپ سے اسکین کریں۔ ایپ ہر 30 سیکنڈ بعد چھ ہندسوں کا نیا کوڈ دکھائے گی۔
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
replace = بحالی کوڈ استعمال کریں
replace-lead = اس سے یہ آلہ آپ کا ہوگا اور باقی سب خارج ہوں گے۔
replace-warning = آپ کے دوسرے آلات خارج ہو جائیں گے۔ صرف وہاں محفوظ پیغام ساتھ نہیں آئیں گے۔
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
welcome-next = ڈائریکٹری میں ساتھی تلاش کر کے لکھیں، یا گروپ بنائیں۔ صرف ارکان پڑھ سکیں گے۔
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
read-only-banner = سرور بحال کیا گیا ہے۔ آپ پڑھ سکتے ہیں؛ جو لکھیں گے وہ محفوظ رہے گا اور بعد میں جائے گا
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
message = پیغام
message-info = پیغام کی معلومات
message-more = مزید: { $name } کا پیغام، { $time }
message-more-mine = مزید: آپ کا پیغام، { $time }
message-discarded = پیغام حذف کر دیا گیا
info-written = لکھا گیا: { $date }
info-read = پڑھ لیا
info-delivered = پہنچ گیا
info-sent = ابھی نہیں پہنچا
info-large = پچاس سے زیادہ ارکان کے گروپ میں یہ نہیں بتایا جاتا کہ کس نے کہاں تک پڑھا۔
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

## Groups

somebody = ایک ساتھی
names-more = { $names } اور مزید { $shown }
names-you = آپ
group-unnamed = بے نام گروپ
new-direct = کسی شخص کو پیغام
new-group = نیا گروپ
new-group-people = چنیں کہ کون شامل ہوگا
new-group-about = نام اور تصویر
make-group = گروپ بنائیں
group-kept = آپ کا انتخاب Beep کو مقفل یا بند کرنے تک محفوظ ہے
group-discarded = نیا گروپ مسترد کر دیا گیا
group-name = گروپ کا نام
group-name-hint = ارکان اسے دیکھتے ہیں، سرور نہیں۔
group-picture = گروپ کی تصویر
group-making = افراد شامل ہو رہے ہیں…
group-making-help = سب کے شامل ہونے تک یہ صفحہ کھلا رکھیں۔
group-made = گروپ بن گیا
group-renamed = گروپ کا نام بدل گیا
progress-of = { $total } میں سے { $done }
pick-people = افراد تلاش کرنے کے طریقے
pick-name = نام سے
pick-unit = دفتر سے
pick-paste = فہرست سے
people-chosen = { $count ->
    [one] { $shown } شخص چنا گیا
   *[other] { $shown } افراد چنے گئے
}
people-count = { $count ->
    [one] { $shown } شخص
   *[other] { $shown } افراد
}
chips-more = { $count ->
    [one] اور مزید { $shown }
   *[other] اور مزید { $shown }
}
unchoose = { $name } کو نکالیں
choose-all = { $count ->
    [one] { $shown } کو چنیں
   *[other] تمام { $shown } کو چنیں
}
unchoose-all = سب کو نکالیں
already-member = پہلے سے رکن
person-invited-later = ابھی فعال نہیں: فعال کرنے پر شامل ہوں گے
search-units = دفتر تلاش کریں
units-none = کوئی دفتر نہیں ملا۔ نام کا کوئی حصہ یا وزارت کا نام آزمائیں۔
unit-empty = اس دفتر میں کوئی درج نہیں۔
back-to-units = دفاتر پر واپس
paste-label = ہر سطر میں ایک شخص
paste-hint = نام، لاگ اِن یا پرسنل نمبر، کسی فہرست یا جدول سے نقل کیے ہوئے۔
paste-look = { $count ->
    [one] { $shown } شخص تلاش کریں
   *[other] { $shown } افراد تلاش کریں
}
paste-found = { $total } میں سے { $found } مل گئے
paste-edit = فہرست بدلیں
paste-none = کوئی نہیں ملا۔ املا دیکھیں یا نام سے تلاش کریں۔
paste-several = کئی افراد ملتے ہیں۔ کون مراد ہے؟
invited-note = { $count ->
    [one] { $shown } شخص نے ابھی Beep فعال نہیں کیا۔ فعال کرنے پر خود شامل ہو جائے گا اور تب سے لکھا ہوا پڑھے گا۔
   *[other] { $shown } افراد نے ابھی Beep فعال نہیں کیا۔ فعال کرنے پر خود شامل ہو جائیں گے اور تب سے لکھا ہوا پڑھیں گے۔
}
size-may = { $limit } سے زیادہ آلات والا گروپ بڑا شمار ہوتا ہے: پھر رمزنگاری روایتی ہوتی ہے، کوانٹم کمپیوٹروں سے بچانے والے حصے کے بغیر۔
size-large = بڑا گروپ: روایتی رمزنگاری۔ آج مضبوط ہے، مگر کوانٹم کمپیوٹروں سے بچانے والا حصہ نہیں۔
suite-hybrid = کوانٹم سے محفوظ رمزنگاری
suite-classical = بڑا گروپ: روایتی رمزنگاری
members-count = { $count ->
    [one] { $shown } رکن
   *[other] { $shown } ارکان
}
search-members = ارکان میں تلاش
role-admin = منتظم
role-invited = مدعو
member-devices = { $count ->
    [0] فی الحال کوئی آلہ نہیں
    [one] ایک آلہ
   *[other] { $shown } آلات
}
add-members = افراد شامل کریں
add-count = { $count ->
    [one] { $shown } شخص شامل کریں
   *[other] { $shown } افراد شامل کریں
}
members-adding = افراد شامل ہو رہے ہیں…
members-added = { $count ->
    [one] { $shown } شخص شامل ہوا
   *[other] { $shown } افراد شامل ہوئے
}
members-added-invited = شامل ہوئے: { $added }۔ مدعو: { $invited }؛ فعال کرنے پر شامل ہوں گے۔
make-admin = منتظم بنائیں
unmake-admin = منتظم نہ رہے
write-to = پیغام لکھیں
remove = نکالیں
remove-from-group = گروپ سے نکالیں
remove-member-title = { $name } کو نکالیں؟
remove-member-warning = ان کے تمام آلات فوراً گروپ سے نکل جائیں گے۔ پڑھے ہوئے پیغام ان کے پاس رہیں گے، اور وہ دیکھیں گے کہ کس نے نکالا۔
member-removed = { $name } نکال دیے گئے
leave-group = گروپ چھوڑیں
leave-title = { $name } چھوڑ دیں؟
leave-warning = پچھلے پیغام پڑھ سکیں گے، نئے نہیں۔ صرف منتظم آپ کو دوبارہ شامل کر سکتا ہے۔
leave-last-admin = آپ اکیلے منتظم ہیں۔ ابھی چھوڑنے پر کوئی اور رکن خود بخود منتظم بن جائے گا۔ بہتر ہے پہلے کسی کو منتظم بنائیں۔
rename = نام بدلیں
rename-group = گروپ کا نام بدلیں
picture = تصویر
picture-choose = تصویر چنیں
picture-other = دوسری تصویر
picture-remove = تصویر نہ ہو
picture-crop = تصویر کا دکھایا جانے والا حصہ۔ تیر کے بٹن سے ہلائیں۔
picture-zoom = قریب
picture-move = تصویر کو گھسیٹ کر ہلائیں۔
picture-failed = یہ فائل تصویر کے طور پر پڑھی نہیں جا سکی۔ JPEG، PNG یا WebP چنیں۔
picture-saved = گروپ کی تصویر بدل گئی
save = محفوظ کریں
undo = واپس لیں
done = ہو گیا
more-about = مزید: { $name }
pin = اوپر رکھیں
unpin = اوپر سے ہٹائیں
pinned = اوپر رکھی ہوئی
unpinned = اب اوپر نہیں
mute-1 = 1 گھنٹے کے لیے خاموش
mute-8 = 8 گھنٹے کے لیے خاموش
mute-always = ہمیشہ خاموش
unmute = خاموشی ختم کریں
muted = خاموش
unmuted = اب خاموش نہیں
typing-several = { $names } لکھ رہے ہیں…
copied-message = آپ کے دوسرے آلے سے
composer-label-group = گروپ { $name } کو پیغام
standing-out = اب آپ رکن نہیں
standing-out-help = پچھلے پیغام یہاں پڑھے جا سکتے ہیں۔ واپسی کے لیے گروپ کے کسی منتظم سے کہیں۔
standing-waiting = ساتھی کے آلے کا انتظار ہے
standing-waiting-help = آن لائن آنے والا اگلا رکن اس آلے کو خود بخود شامل کر لے گا۔ آپ کو کچھ نہیں کرنا۔
standing-stopped = گروپ نئے سرے سے بن رہا ہے
standing-stopped-help = کچھ درست نہیں تھا، اس لیے لکھنا ذرا دیر کے لیے رکا ہے۔ مسودے محفوظ ہیں۔
notice-group-begun = { $by } نے گروپ بنایا
notice-group-begun-mine = آپ نے گروپ بنایا
notice-added = { $by } نے { $names } کو شامل کیا
notice-added-mine = آپ نے { $names } کو شامل کیا
notice-added-you = { $by } نے آپ کو شامل کیا۔ اب سے جو لکھا جائے گا وہ آپ پڑھ سکیں گے
notice-invited = { $by } نے { $names } کو مدعو کیا۔ Beep فعال کرنے پر شامل ہوں گے
notice-invited-mine = آپ نے { $names } کو مدعو کیا۔ Beep فعال کرنے پر شامل ہوں گے
notice-joined = { $names } دعوت کے مطابق شامل ہو گئے
notice-joined-you = آپ دعوت کے مطابق شامل ہو گئے۔ اب سے جو لکھا جائے گا وہ آپ پڑھ سکیں گے
notice-removed = { $by } نے { $names } کو ہٹا دیا
notice-removed-mine = آپ نے { $names } کو ہٹا دیا
notice-removed-directory = { $names } ڈائریکٹری سے نکلنے پر گروپ سے بھی نکلے
notice-you-removed = { $name } نے آپ کو ہٹا دیا
notice-you-removed-directory = آپ کو ہٹا دیا گیا
notice-you-left = آپ نے گروپ چھوڑ دیا
notice-left = { $name } نے گروپ چھوڑ دیا
notice-admin = { $by } نے { $name } کو منتظم بنایا
notice-admin-mine = آپ نے { $name } کو منتظم بنایا
notice-admin-directory = آخری منتظم کے جانے پر اب { $name } منتظم ہیں
notice-admin-you = اب آپ منتظم ہیں
notice-unadmin = { $by } نے { $name } کی منتظمی ختم کی
notice-unadmin-mine = آپ نے { $name } کی منتظمی ختم کی
notice-unadmin-directory = { $name } اب منتظم نہیں
notice-unadmin-you = اب آپ منتظم نہیں
notice-renamed = { $by } نے گروپ کا نام { $name } رکھا
notice-renamed-mine = آپ نے گروپ کا نام { $name } رکھا
notice-picture = { $by } نے تصویر بدلی
notice-picture-mine = آپ نے تصویر بدلی
notice-device-added = { $name } ایک اور آلہ بھی استعمال کرتے ہیں
notice-device-added-mine = آپ کا نیا آلہ شامل ہو گیا
notice-device-removed = { $name } کا ایک آلہ نکل گیا
notice-device-removed-mine = آپ کا ایک آلہ نکل گیا
notice-successor-policy = گروپ نئے قواعد کے تحت جاری ہے
notice-successor-broken = پرانا گروپ نہیں چل سکتا تھا، اس لیے نئے سرے سے بنا
notice-identity-reset = { $name } سب کچھ کھو کر نئے سرے سے آئے۔ فون پر نمبر ملائیں
notice-identity-reset-verified = { $name } سب کچھ کھو کر نئے سرے سے آئے۔ آپ کا تصدیقی نشان ہٹ گیا: فون پر نمبر ملائیں
notice-identity-reset-mine = آپ نئے سرے سے آئے۔ ساتھیوں سے کہا گیا ہے کہ آپ سے نمبر ملائیں
notice-reset-requested = کوئی { $name } کے نام سے نئے سرے سے آنا چاہتا ہے، جلد سے جلد { $date } کو۔ { $name } سے فون پر پوچھیں؛ وہ نہ ہوں تو ہیلپ ڈیسک کو بتائیں
notice-reset-requested-mine = کوئی { $name } کے نام سے نئے سرے سے آنا چاہتا ہے، جلد سے جلد { $date } کو۔ اگر آپ نہیں تو اپنے کسی آلے سے اسے روکیں اور ابھی ہیلپ ڈیسک کو فون کریں
notice-directory-changed = ڈائریکٹری میں { $name } کا نام یا عہدہ بدلا
notice-directory-changed-verified = ڈائریکٹری میں { $name } کا نام یا عہدہ بدلا۔ آپ کا تصدیقی نشان ہٹ گیا: نمبر دوبارہ ملائیں
notice-gap = { $from } سے { $to } تک کے پیغام اس آلے پر نہیں

## Devices of one's own

new-device = اس آلے کو شامل کریں
new-device-lead = یہ براؤزر آپ کے لیے نیا ہے۔ آپ کا دوسرا آلہ اسے پیغاموں سمیت شامل کر سکتا ہے۔
shared-choice = یہ مشترکہ کمپیوٹر ہے
shared-computer = مشترکہ کمپیوٹر: بند کرتے ہی سب مٹے گا
shared-until = زیادہ سے زیادہ { $time } تک۔
shared-no-code = بحالی کوڈ مشترکہ کمپیوٹر پر نہ لکھیں: اپنے دوسرے آلے سے منظوری دیں۔
approve-from-other = میرے دوسرے آلے سے منظوری
or = یا
use-recovery-code = بحالی کوڈ استعمال کریں
approval = آپ کے دوسرے آلے کا انتظار
approval-lead = یہ نمبر اپنے دوسرے آلے پر لکھیں، یا وہاں کوڈ اسکین کریں۔
approval-digits = دوسرے آلے کے لیے نمبر
approval-no-digits = دوسرے آلے کا جواب آتے ہی یہاں نمبر آئے گا۔
approval-qr = دوسرے آلے کے لیے QR کوڈ
qr-text = کوڈ متن میں
approval-1 = دوسرے آلے پر Beep کھولیں؛ کئی ہوں تو اس پر جو آخر میں استعمال کیا۔
approval-2 = اوپر کی پٹی میں ”شامل کریں“ چنیں۔
approval-3 = نمبر لکھیں یا کوڈ اسکین کریں۔
approval-waiting = انتظار ہے…
approval-confirm = کیا آپ کے دوسرے آلے نے ”منظور“ کہا؟
approval-confirm-help = دوسرے آلے کی اسکرین دیکھیں۔ ہاں تبھی کہیں جب وہاں یہی لکھا ہو۔
approval-yes = ہاں، کہا
approval-no = نہیں
approval-scan = اس کے بجائے کوڈ اسکین کریں
approval-finishing = مکمل ہو رہا ہے…
approval-refused = شامل نہیں ہوا
approval-refused-digits = نمبر تین بار غلط لکھا گیا۔ شروع سے کریں؛ نیا نمبر بنے گا۔
approval-refused-mismatch = دونوں آلات ایک ہی چیز نہیں دیکھ رہے۔ کوئی درمیان میں ہو سکتا ہے: دوسرے نیٹ ورک پر کوشش کریں، پھر ہو تو ہیلپ ڈیسک کو بتائیں۔
approval-refused-expired = وقت پر جواب نہیں آیا۔ دوسرا آلہ ساتھ رکھ کر شروع سے کریں۔
approval-refused-cancelled = اسے منسوخ کر دیا گیا۔ کچھ نہیں بدلا۔
pairing-banner = نیا آلہ شامل ہونا چاہتا ہے
pairing-look = شامل کریں
pairing-title = آپ کا نیا آلہ؟
pairing-nameless = نیا آلہ
pairing-warning = تبھی آگے بڑھیں جب یہ آلہ آپ کے سامنے ہو۔ ہیلپ ڈیسک سے کوئی یہ نمبر کبھی نہیں پوچھتا۔
pairing-digits = نئے آلے پر نظر آنے والا نمبر
pairing-digits-hint = آٹھ ہندسے
pairing-history = میرے پیغام بھی بھیجیں
pairing-history-hint = اس آلے سے نئے آلے تک رمز میں۔
pairing-approve = منظور کریں
pairing-by-qr = اس کا کوڈ اسکین کریں
pairing-by-digits = اس کا نمبر لکھیں
pairing-not-me = یہ میں نہیں
pairing-refused = آلہ لوٹا دیا گیا
pairing-approved = منظور
pairing-approved-next = اب نئے آلے پر ”ہاں“ کہیں، یا اس سے یہ کوڈ اسکین کریں۔
pairing-arrived = آپ کا نیا آلہ شامل ہو گیا
pairing-arrived-next = اب سے وہ پڑھ اور لکھ سکتا ہے۔ یہاں مزید کچھ نہیں کرنا۔
pairing-arrived-history = آپ کے پیغام بھیجے جا رہے ہیں۔ سب جانے تک اس آلے پر Beep کھلا رکھیں۔
pairing-answer-qr = نئے آلے کے لیے QR کوڈ
pairing-none = اس وقت یہاں کوئی آلہ منتظر نہیں۔ اگر کوئی منتظر ہے تو شاید اس نے آپ کے کسی اور آلے سے پوچھا ہے: یہاں سے شامل کرنے کے لیے اس کا کوڈ اسکین کریں۔
history-title = آپ کے آلات کے درمیان پیغام
history-sending = نئے آلے کو پیغام بھیجے جا رہے ہیں
history-receiving = دوسرے آلے سے پیغام آ رہے ہیں
history-waiting-sending = نیٹ ورک آنے پر بھیجنا جاری رہے گا
history-waiting-receiving = دوسرے آلے سے مزید کا انتظار ہے
history-done-sending = تمام پیغام بھیج دیے گئے
history-done-receiving = تمام پیغام آ گئے
history-failed-sending = کچھ پیغام نہیں بھیجے جا سکے۔ وہ اس آلے پر ہیں۔
history-failed-receiving = کچھ پیغام نہیں آئے۔ وہ دوسرے آلے پر ہیں۔
history-cancel = نقل روکیں
history-cancelled = نقل روک دی گئی۔ جو نقل ہو چکا وہ رہے گا۔
device-kind-regular = ذاتی آلہ
device-kind-temporary = مشترکہ کمپیوٹر
device-expires-at = { $date } تک خود مٹ جائے گا
device-rename = { $name } کا نام بدلیں
device-rename-title = آلے کا نام بدلیں
device-renamed = آلے کا نام بدل گیا
device-add = آلہ شامل کریں
device-add-lead = ہر آلے کی اپنی کلیدیں ہیں۔ یہ آلہ اگلے کو شامل کرتا ہے:
device-add-1 = نئے آلے پر Beep کھول کر سائن اِن کریں۔
device-add-2 = وہاں ”میرے دوسرے آلے سے منظوری“ چنیں۔
device-add-3 = یہاں ایک پٹی آئے گی: نمبر لکھیں یا کوڈ اسکین کریں۔
device-add-full = آپ کے آلات کی حد پوری ہے۔ نیا شامل کرنے سے پہلے کسی ایک کو سائن آؤٹ کریں۔
device-unseen = 90 دن سے استعمال نہیں ہوا: دوبارہ استعمال تک یہ آپ کی گفتگوؤں سے باہر ہے۔ اگر یہ آپ کے پاس نہیں تو اسے سائن آؤٹ کریں۔
device-add-limit = { $count ->
    [one] آپ کا { $shown } آلہ ہو سکتا ہے۔
   *[other] مشترکہ کمپیوٹروں کے علاوہ آپ کے { $shown } آلات ہو سکتے ہیں۔
}
scan-camera = کیمرا استعمال کریں
scan-picture = کیمرے کی تصویر
scan-starting = کیمرا چل رہا ہے۔ براؤزر پہلے اجازت مانگ سکتا ہے۔
scan-hold = کوڈ کو چوکھٹے کے اندر رکھیں۔
scan-stop = کیمرا بند کریں
scan-denied = اس صفحے کو کیمرے کی اجازت نہیں؛ آپ براؤزر میں اجازت دے سکتے ہیں۔
scan-missing = کوئی کیمرا استعمال نہیں ہو سکا۔
scan-else-digits = اس کے بجائے نئے آلے پر نظر آنے والا نمبر لکھیں۔
scan-else-paste = نئے آلے پر ”کوڈ متن میں“ چنیں اور اسے یہاں چسپاں کریں۔
scan-else-answer = دوسرا آلہ دیکھیں اور اگر اس پر ”منظور“ لکھا ہو تو ہاں کہیں۔
scan-else-number = اس کے بجائے نمبر ایک دوسرے کو پڑھ کر سنائیں۔
scan-other = یہ کسی اور قسم کا کوڈ ہے۔ دوسری اسکرین والا کوڈ دیکھیں۔
scan-paste = کیمرا نہیں؟ کوڈ کا متن چسپاں کریں
scan-paste-label = کوڈ کا متن
scan-paste-use = یہ متن استعمال کریں

## Safety numbers

keys-why = میں اس آلات کی فہرست پر کیوں بھروسا کروں؟
keys-about = سب کے آلات ایک کھلے ریکارڈ میں درج ہیں جس پر آزاد گواہ دستخط کرتے ہیں۔ سرور آپ کو ایک اور دوسروں کو دوسری فہرست نہیں دکھا سکتا۔
keys-policy-good = گواہ وہی ہیں جنہیں یہ آلہ شروع سے جانتا ہے۔
keys-policy-bad = سرور پہلے سے مختلف گواہ بتا رہا ہے۔ ہیلپ ڈیسک کو بتائیں۔
keys-witnesses-good = { $of } میں سے { $count } گواہوں نے ریکارڈ پر دستخط کیے ہیں۔
keys-witnesses-waiting = ریکارڈ ابھی جانچا نہیں گیا۔
keys-fresh-good = گواہوں نے پچھلے ایک گھنٹے میں دستخط کیے ہیں۔
keys-fresh-waiting = ریکارڈ ابھی جانچا نہیں گیا۔
keys-fresh-warning = گواہوں کے آخری دستخط پرانے ہیں۔ نئے آلات کو انتظار کرنا ہوگا؛ اس آلے کی گھڑی دیکھیں۔
keys-grows-good = جب سے اس آلے نے ریکارڈ دیکھا ہے وہ صرف بڑھا ہے ({ $count } اندراجات)۔
keys-grows-waiting = ریکارڈ ابھی جانچا نہیں گیا۔
keys-grows-bad = سرور نے ریکارڈ بدل دیا ہے۔ اب کچھ نہیں بھیجا جائے گا؛ ہیلپ ڈیسک کو بتائیں۔
keys-listed-good = تمام ارکان کی آلات کی فہرستیں وہی ہیں جو سب کو دکھائی جاتی ہیں۔
keys-listed-waiting = { $of } میں سے { $count } ارکان کی فہرستیں تصدیق شدہ ہیں؛ باقی کو کچھ بھیجنے سے پہلے جانچا جائے گا۔
keys-own-good = آپ کے اپنے آلات وہی ہیں جنہیں آپ جانتے ہیں۔
keys-own-waiting = آپ کے اپنے آلات ابھی جانچے نہیں گئے۔
keys-own-bad = دوسروں کو آپ کا ایسا آلہ دکھایا جا رہا ہے جسے آپ نہیں جانتے۔ اب کچھ نہیں بھیجا جائے گا؛ ہیلپ ڈیسک کو بتائیں۔
keys-members-good = دوسرے ارکان کو بھی یہی ریکارڈ دکھایا جاتا ہے۔
keys-members-waiting = ابھی کسی اور رکن سے موازنہ نہیں ہوا۔
keys-members-warning = تصدیق نہیں ہو سکی کہ { $name } کو یہی ریکارڈ دکھایا جاتا ہے۔ اگر یہ حالت رہے تو ہیلپ ڈیسک کو بتائیں۔
keys-members-bad = { $name } کو آپ سے مختلف ریکارڈ دکھایا جاتا ہے۔ ہیلپ ڈیسک کو بتائیں۔
safety-number = حفاظتی نمبر
safety-number-with = { $name } کے ساتھ حفاظتی نمبر
safety-how = { $name } کو فون کر کے نمبر ایک دوسرے کو پڑھ کر سنائیں، یا مل کر کوڈ اسکین کریں۔ دونوں طرف ایک ہو تو آپ کے درمیان کوئی نہیں۔
safety-qr = حفاظتی نمبر بطور QR کوڈ
safety-scan = ان کا کوڈ اسکین کریں
safety-changed = { $name } کی کلید نئی ہے۔ فون پر تصدیق کریں
safety-differs = نمبر ایک نہیں۔ فی الحال { $name } کو کوئی خفیہ بات نہ لکھیں، اور ہیلپ ڈیسک کو بتائیں۔
verified = نمبر ملائے جا چکے
verified-state = آپ نے { $name } سے نمبر ملائے ہیں
verified-mark = نمبر ایک ہیں
verified-clear = نشان ہٹائیں
verified-done = { $name } پر نشان لگ گیا
verified-cleared = { $name } کا نشان ہٹ گیا

## Reports

report = شکایت
reports = شکایات
report-messages = پیغاموں کی شکایت کریں
report-message = شکایت کریں
report-choose = شکایت کے لیے پیغام چنیں
report-chosen = { $count ->
    [one] { $shown } پیغام چنا
   *[other] { $shown } پیغام چنے
}
report-too-many = { $count ->
    [one] زیادہ سے زیادہ { $shown } پیغام
   *[other] زیادہ سے زیادہ { $shown } پیغام
}
report-next = شکایت…
choose-message = { $name } کا { $time } کا پیغام چنیں
report-title = { $count ->
    [one] { $shown } پیغام کی شکایت
   *[other] { $shown } پیغاموں کی شکایت
}
report-what = نگرانوں کو یہ پیغام بھیجنے والے کے ثبوت سمیت ملیں گے۔ گفتگو کا کچھ اور نہیں بھیجا جاتا، اور دوسروں کو شکایت نظر نہیں آتی۔
report-note = کیا ہوا؟
report-to = کس کو جائے گی
report-send = شکایت بھیجیں
report-sent = شکایت روانہ ہوئی
report-sent-line = نگرانوں کو شکایت
report-messages-count = { $count ->
    [one] { $shown } پیغام
   *[other] { $shown } پیغام
}
reports-none = کوئی شکایت نہیں
reports-none-next = ساتھی جو شکایت بھیجیں گے یہاں آئے گی۔
reports-choose = پڑھنے کے لیے شکایت چنیں۔
report-by = { $name } کی شکایت
report-reported = جن پیغاموں کی شکایت ہے
report-proof-means = ”ثابت“ کا مطلب: سرور کے ریکارڈ میں یہ پیغام اسی شخص کے آلے سے ہے اور متن بدلا نہیں گیا۔ اس سے پہلے کیا ہوا، یہ نہیں بتاتا۔
verdict-proved = ثابت: { $name } نے { $date } کو بھیجا
verdict-not-proved = ثابت نہیں: شاید یہ متن کبھی بھیجا ہی نہیں گیا
verdict-checking = سرور کے ریکارڈ سے جانچ ہو رہی ہے…
verdict-offline = ابھی جانچا نہیں: نیٹ ورک نہیں

## Everything lost

to-reset = سب کچھ کھو گیا
reset = بحالی کے خط سے نئے سرے سے
reset-lead = جب آلہ، پاس فریز اور بحالی کوڈ سب کھو جائیں۔ خط ہیلپ ڈیسک بھیجتا ہے۔
reset-warning = آپ کے تمام آلات خارج ہوں گے اور پرانے پیغام واپس نہیں آئیں گے۔ ساتھیوں کو بتایا جائے گا۔
reset-waiting = دو افسروں کا انتظار
reset-waiting-time = وقت گزرنے کا انتظار
reset-ready = اب آپ نئے سرے سے شروع کر سکتے ہیں
reset-waiting-lead = دو افسر آپ کی شناخت جانچتے ہیں اور کچھ وقت گزرنا ضروری ہے، تاکہ آپ کی جگہ کوئی اور نہ آ سکے۔
reset-officers = متفق افسر: { $total } میں سے { $done }
reset-earliest = جلد سے جلد { $date } کو
reset-leave = آپ یہ صفحہ بند کر کے اسی براؤزر میں واپس آ سکتے ہیں۔ اس کا ڈیٹا صاف نہ کریں۔
reset-look = ابھی دیکھیں
reset-dropped = ری سیٹ منسوخ کر دیا گیا
reset-dropped-help = آپ کے کسی آلے نے، بحالی کوڈ رکھنے والے نے یا ہیلپ ڈیسک نے اسے ختم کیا۔ ہیلپ ڈیسک کو فون کریں؛ نئے خط سے دوبارہ شروع ہوگا۔
reset-banner = کوئی آپ کے نام سے نئے سرے سے آنا چاہتا ہے۔
reset-banner-when = یہ جلد سے جلد { $date } کو نافذ ہوگا ({ $left })۔
reset-banner-elsewhere = اگر یہ آپ نہیں تو اپنے کسی آلے پر اسے روکیں یا ہیلپ ڈیسک کو فون کریں۔
reset-left-hours = { $count ->
    [one] { $shown } گھنٹہ باقی
   *[other] { $shown } گھنٹے باقی
}
reset-left-days = { $count ->
    [one] { $shown } دن باقی
   *[other] { $shown } دن باقی
}
reset-left-none = وقت باقی نہیں
reset-stop-title = یہ ری سیٹ روکیں؟
reset-stop-text = آپ کے آلات، پیغامات اور بحالی کوڈ جوں کے توں رہیں گے۔ جس نے مانگا اسے نیا خط چاہیے ہوگا۔ ہیلپ ڈیسک کو بتائیں کہ یہ آپ نہیں تھے۔
reset-stop-mine = اگر یہ آلہ کھو جانے پر آپ نے خود مانگا تھا تو نہ روکیں۔
reset-stop = ری سیٹ روکیں
reset-stopped = ری سیٹ روک دیا گیا

## Diagnostics

diagnostics-groups = گفتگوئیں
diagnostics-groups-none = اس آلے پر کوئی نہیں۔
diagnostics-errors = آخری خرابیاں
diagnostics-errors-none = کوئی نہیں۔
diagnostics-saved = فائل محفوظ ہو گئی
diagnostic-session = سیشن
diagnostic-time = وقت
diagnostic-connection = رابطہ
diagnostic-socket = ساکٹ
diagnostic-connection-by = رابطے کا طریقہ
diagnostic-connected-since = رابطے کا آغاز
diagnostic-round-trip = آمد و رفت کا وقت
diagnostic-leader = یہ ٹیب آگے ہے
diagnostic-device = آلہ
diagnostic-conversations = گفتگوئیں
diagnostic-envelopes-applied = لاگ کے پڑھے گئے اندراج
diagnostic-envelopes-behind = لاگ کے باقی اندراج
diagnostic-waiting-messages = ابھی نہ کھلنے والے پیغام
diagnostic-blocked-conversations = رکی ہوئی گفتگوئیں
diagnostic-outbox = بھیجے جانے کے منتظر
diagnostic-welcomes-not-yet-used = غیر استعمال شدہ دعوتیں (Welcome)
diagnostic-keypackages-here = ذخیرے میں کلیدیں (KeyPackages)
diagnostic-identity-alarms = شناخت کے انتباہ
diagnostic-directory-root = ڈائریکٹری کی سند
diagnostic-values-not-yet-told-to-own-devices = دوسرے آلات کو نہ بتائی گئی تبدیلیاں
diagnostic-history-sending = دوسرے آلے کو پیغام
diagnostic-history-receiving = دوسرے آلے سے پیغام
column-id = شناخت
column-kind = قسم
column-epoch = دور
column-suite = مجموعہ
column-devices = آلات
column-read = پڑھا
column-waiting = منتظر
column-standing = حیثیت

## Settings

settings = ترتیبات
settings-look = زبان اور انداز
settings-privacy = قفل
settings-devices = آلات اور سائن آؤٹ
settings-diagnostics = تشخیص
settings-ledger = میرا کھاتہ
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
sign-out-shared = اس مشترکہ کمپیوٹر پر موجود سب کچھ مٹا دیا جائے گا اور یہ آپ کے آلات کی فہرست سے نکل جائے گا۔ آپ کے اپنے آلات پر سب کچھ رہے گا۔
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
error-not-readable = یہ اس وقت لکھا گیا جب یہ آلہ گفتگو میں نہ تھا۔ آگے بڑھیں؛ باقی یہاں موجود ہے۔
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
error-pairing-refused = نیا آلہ اب منتظر نہیں۔ اس پر شروع سے کریں۔
error-reset-refused = جاری رکھنے کو کوئی بحالی نہیں، یا منسوخ ہو گئی۔ خط سے شروع کریں، یا ہیلپ ڈیسک کو فون کریں۔
error-history-full = پرانے پیغاموں کی گنجائش نہیں رہی۔ وہ دوسرے آلے پر ہیں۔
error-order-due = پہلے اس گروپ میں کچھ اور ہونا ہے۔ ذرا دیر میں کوشش کریں۔
error-rejoin-refused = یہ آلہ گفتگو میں خود واپس نہیں آ سکتا۔ گروپ کے منتظم سے کہیں۔
error-read-only = سرور بحال کیا گیا ہے اور فی الحال کچھ نیا نہیں لیتا۔ مسودے محفوظ ہیں؛ بعد میں کوشش کریں۔
error-offline = نیٹ ورک نہیں۔ بحال ہونے پر دوبارہ کوشش کریں۔
error-wrong-passphrase = یہ پاس فریز نہیں۔ Caps Lock اور کی بورڈ کی زبان دیکھیں۔
error-recovery-code-malformed = یہ پورا بحالی کوڈ نہیں۔ ہر حصہ کاغذ سے ملائیں۔
error-activation-code-malformed = یہ پورا کوڈ نہیں۔ اسے خط سے ملائیں۔
error-passphrase-too-short = پاس فریز بہت چھوٹا ہے۔ ایک دو لفظ بڑھائیں۔
error-identity-chain-refused = سرور پر اس شخص کے آلات کی فہرست میں تضاد ہے۔ کچھ نہیں بھیجا گیا؛ ہیلپ ڈیسک کو بتائیں۔
error-group-refused = سرور نے قواعد کے خلاف گفتگو پیش کی۔ اسے رد کر دیا گیا؛ ہیلپ ڈیسک کو بتائیں۔
error-storage-failed = براؤزر اسے محفوظ نہیں کر سکا۔ ڈسک پر جگہ بنا کر دوبارہ کوشش کریں۔
error-approval-digits = یہ نمبر نہیں۔ نیا آلہ دیکھ کر دوبارہ لکھیں۔
error-approval-digits-last = یہ نمبر نہیں۔ ایک کوشش باقی ہے: نیا آلہ دیکھ کر دوبارہ لکھیں۔
error-approval-mismatch = یہ کوڈ منتظر آلے کا نہیں۔ نئے آلے پر شروع سے کریں۔
error-approval-ended = یہ ختم ہو گیا: بہت غلط نمبر، یا بہت دیر۔ نئے آلے پر شروع سے کریں۔
error-devices-full = جتنے آلات کی اجازت ہے اتنے ہو چکے۔ پہلے ترتیبات میں جا کر کسی ایک سے سائن آؤٹ کریں۔
error-not-admin = یہ صرف گروپ کا منتظم کر سکتا ہے۔ ان میں سے کسی سے کہیں۔
error-last-admin = گروپ کو منتظم چاہیے۔ پہلے کسی اور کو منتظم بنائیں۔
error-group-too-large = ایک گروپ میں اتنے آلات نہیں آ سکتے۔ دو گروپ بنائیں۔
error-nobody-added = ان میں سے کوئی شامل نہیں ہو سکا۔ ان کے آلات ایک بار آن لائن ہوں؛ بعد میں کوشش کریں۔
error-trust-root-changed = سرور پہلے سے مختلف اتھارٹی دکھا رہا ہے۔ اس کی کوئی بات نہیں مانی جاتی؛ ہیلپ ڈیسک کو بتائیں۔
error-keys-refused = سرور اپنی پہلے دکھائی ہوئی بات کے خلاف جا رہا ہے۔ اب کچھ نہیں بھیجا جائے گا؛ ہیلپ ڈیسک کو بتائیں۔
error-keys-stale = ایک دن سے آلات کی فہرستیں جانچی نہیں جا سکیں۔ رابطہ اور اس آلے کی گھڑی دیکھیں۔
error-nothing-to-report = ان میں سے کسی پیغام کی شکایت نہیں ہو سکتی۔ متن والے پہنچے ہوئے پیغام چنیں۔
error-no-moderator = Beep میں آپ کی وزارت کا کوئی نگران نہیں۔ ہیلپ ڈیسک سے رجوع کریں۔
error-safety-malformed = یہ پورا کوڈ نہیں۔ پورا کاپی کریں یا دوبارہ اسکین کریں۔

## My ledger

ledger-lead = آڈٹ لاگ آپ کے بارے میں کیا کہتا ہے: آپ کے اکاؤنٹ کے ساتھ کیا ہوا، اور کس نے دیکھا۔ «تصدیق کریں» سے آپ کا آلہ خود جانچتا ہے کہ سطر لاگ میں اسی طرح موجود ہے جیسی دکھائی گئی ہے۔ یہ کہ یہاں کوئی سطر رہ گئی ہو، صرف آڈیٹر بتا سکتے ہیں جن کے پاس پورا لاگ ہے۔
ledger-empty = ابھی آپ کے بارے میں کچھ درج نہیں ہوا۔ یہ دیکھنا پہلی سطر بنے گا۔
ledger-more = پرانی سطریں دکھائیں
ledger-verify = تصدیق کریں
ledger-verify-row = تصدیق کریں: { $what }
ledger-by = بذریعہ { $name }
ledger-by-you = آپ نے خود
ledger-by-system = کمانڈ { $name } کے ذریعے
ledger-by-nobody = کسی ایسے نے جو سائن اِن نہیں تھا
ledger-refused = رد کیا گیا
ledger-good = اس آلے پر تصدیق ہو گئی
ledger-bad = اس سطر کی تصدیق نہ ہو سکی۔ اپنے آڈیٹر کو بتائیں اور اس آلے کو ویسا ہی رہنے دیں۔
ledger-soon = گواہوں نے ابھی یہ سطر نہیں دیکھی۔ چند سیکنڈ بعد دوبارہ کوشش کریں۔
ledger-step-bytes = لاگ کا اندراج وہی کہتا ہے جو یہ سطر کہتی ہے
ledger-step-policy = آپ کا آلہ گواہوں کو پہچانتا ہے
ledger-step-checkpoint = گواہوں نے لاگ کی حالت پر دستخط کیے ہیں
ledger-step-inclusion = اندراج اسی حالت میں موجود ہے
ledger-step-age = دستخط تازہ ہیں
ledger-other = درج ہوا: { $action }
ledger-event-activation-issued = آپ کے لیے فعال سازی کا خط بنایا گیا
ledger-event-activation-begun = آپ کی فعال سازی شروع ہوئی
ledger-event-activation-finished = آپ کا اکاؤنٹ فعال ہوا
ledger-event-sign_in = آپ کے اکاؤنٹ میں سائن اِن
ledger-event-session-begun = ایک نشست کھلی
ledger-event-session-ended = ایک نشست ختم ہوئی
ledger-event-recovery-verified = آپ کا بحالی کوڈ استعمال ہوا
ledger-event-credentials-replaced = آپ کا پاس فریز اور تصدیق کار بدلے گئے
ledger-event-identity-appended = آپ کے آلات کی فہرست پر نئے دستخط ہوئے
ledger-event-device-added = آپ کے لیے ایک آلہ شامل کیا گیا
ledger-event-device-revoked = آپ کا ایک آلہ منسوخ کیا گیا
ledger-event-pairing-begun = ایک نئے آلے نے منظوری مانگی
ledger-event-pairing-approved = ایک نیا آلہ منظور ہوا
ledger-event-pairing-failed = ایک نیا آلہ منظور نہ ہوا
ledger-event-reset-letter_issued = آپ کے لیے ری سیٹ کا خط بنایا گیا
ledger-event-reset-begun = آپ کی شناخت کا ری سیٹ شروع ہوا
ledger-event-reset-requested = آپ کی شناخت کا ری سیٹ مانگا گیا
ledger-event-reset-signed = ایک افسر نے آپ کی شناخت کے ری سیٹ پر دستخط کیے
ledger-event-reset-dropped = آپ کی شناخت کا ری سیٹ ترک ہوا
ledger-event-reset-finished = آپ کی شناخت ری سیٹ ہوئی
ledger-event-person-created = آپ کو ڈائریکٹری میں شامل کیا گیا
ledger-event-person-changed = آپ کا ڈائریکٹری اندراج بدلا گیا
ledger-event-person-state_changed = ڈائریکٹری میں آپ کی حیثیت بدلی گئی
ledger-event-role-granted = آپ کو ایک ذمہ داری دی گئی
ledger-event-role-ended = آپ کی ایک ذمہ داری ختم ہوئی
ledger-event-audit-searched = ایک آڈیٹر نے لاگ میں آپ کو تلاش کیا
ledger-event-audit-viewed = ایک آڈیٹر نے آپ کے بارے میں اندراج کھولا
ledger-event-audit-exported = ایک آڈیٹر نے آپ کے بارے میں اندراجات برآمد کیے
ledger-event-ledger-read = آپ نے یہ کھاتہ پڑھا
ledger-event-console-sign_in = آپ کے نام سے آڈیٹروں کے کنسول میں سائن اِن
ledger-event-opening-erased = لاگ سے آپ کے بارے میں ایک متن مٹایا گیا
ledger-event-conversation-opened = آپ نے گفتگو شروع کی
ledger-event-conversation-generation_begun = ایک گفتگو میں گروپ شروع ہوا
ledger-event-conversation-commit_accepted = آپ نے گروپ کے ارکان یا کنجیاں بدلیں
ledger-event-moderation-envelope_looked_up = آپ نے رپورٹ شدہ پیغام دیکھا
